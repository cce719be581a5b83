import { setTimeout as sleep } from "node:timers/promises"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { checkBareEngine } from "./checks/bare-engine.js"
import { checkCatalog } from "./checks/catalog.js"
import { checkCertificates } from "./checks/certificates.js"
import { checkClock } from "./checks/clock.js"
import { checkContainerEngines } from "./checks/container-engines.js"
import { checkCredentials } from "./checks/credentials.js"
import { checkDisk } from "./checks/disk.js"
import { checkEmulation } from "./checks/emulation.js"
import { checkEngine } from "./checks/engine.js"
import { checkFolders } from "./checks/folders.js"
import { checkMemory } from "./checks/memory.js"
import { checkNetwork } from "./checks/network.js"
import { checkNode } from "./checks/node.js"
import { checkPort } from "./checks/port.js"
import type { Examination } from "./examination/examination.js"
import { failure, problem, skipped, warning, type Finding } from "./examination/finding.js"

type Check = (examination: Examination) => Finding | Finding[] | Promise<Finding | Finding[]>

/** The checks, causes before consequences: the first problem determines the exit code. */
const CHECKS: Readonly<Record<string, Check>> = {
  "Node.js": checkNode,
  folders: checkFolders,
  docker: checkContainerEngines,
  "bare engine": checkBareEngine,
  "registry port": checkPort,
  engine: checkEngine,
  emulation: checkEmulation,
  disk: checkDisk,
  memory: checkMemory,
  certificates: checkCertificates,
  clock: checkClock,
  network: checkNetwork,
  credentials: checkCredentials,
  catalog: checkCatalog,
}

/** Several questions, one after another, each of which has its own limit. */
const QUESTIONS = 4

/** All checks, side by side; their findings in order. A check that itself fails, or does not end, is reported as well. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const found = await Promise.all(Object.entries(CHECKS).map(([name, check]) => findings(name, check, examination)))
  return found.flat().map(told)
}

/** A cause is a problem once, and what it keeps others from finding out is skipped. */
function told(finding: Finding, index: number, all: readonly Finding[]): Finding {
  const cause = all.slice(0, index).find(({ status, text }) => status === "problem" && text === finding.text)
  return cause ? skipped(finding.check, `see ${cause.check}`) : finding
}

async function findings(check: string, look: Check, examination: Examination): Promise<Finding | Finding[]> {
  const milliseconds = QUESTIONS * examination.world.patience
  const late = warning(
    check,
    `no result within ${milliseconds / 1000} s`,
    "run this again while the machine is less busy",
  )
  try {
    return await Promise.race([look(examination), sleep(milliseconds, late, { ref: false })])
  } catch (error) {
    if (error instanceof RunnerImagesError) return failure(check, error)
    const text = error instanceof Error ? error.message : String(error)
    return problem(check, `this check itself failed: ${text}`, "please report it, with --bug-report", "HOST_UNFIT")
  }
}
