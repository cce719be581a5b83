import { checkCertificates } from "./checks/certificates.js"
import { checkClock } from "./checks/clock.js"
import { checkConfiguration } from "./checks/configuration.js"
import { checkCpu } from "./checks/cpu.js"
import { checkCredentials } from "./checks/credentials.js"
import { checkDisk } from "./checks/disk.js"
import { checkDockerSocket } from "./checks/docker-socket.js"
import type { Examination } from "./examination/examination.js"
import type { Finding } from "./examination/finding.js"
import { checkFolders } from "./checks/folders.js"
import { checkMemory } from "./checks/memory.js"
import { checkPageSize } from "./checks/page-size.js"
import { checkRunnerVersion } from "./checks/runner-version.js"
import { checkServer } from "./checks/server.js"
import { checkServices } from "./checks/services.js"
import { checkSharedMemory } from "./checks/shared-memory.js"
import { checkUser } from "./checks/user.js"
import { checkUserNamespaces } from "./checks/user-namespaces.js"

type Check = (examination: Examination) => Finding | Finding[] | Promise<Finding | Finding[]>

/** What the broker does, with the credential: before this process becomes the runner's user. */
const BROKER: readonly Check[] = [
  checkConfiguration,
  checkServer,
  checkServices,
  checkClock,
  checkCredentials,
  checkRunnerVersion,
]

/** The checks, causes before consequences: the first problem determines the exit code. */
const CHECKS: Readonly<Record<string, Check>> = {
  configuration: checkConfiguration,
  user: checkUser,
  certificates: checkCertificates,
  server: checkServer,
  services: checkServices,
  clock: checkClock,
  credentials: checkCredentials,
  runner: checkRunnerVersion,
  folders: checkFolders,
  disk: checkDisk,
  memory: checkMemory,
  "shared memory": checkSharedMemory,
  docker: checkDockerSocket,
  "user namespaces": checkUserNamespaces,
  "page size": checkPageSize,
  cpu: checkCpu,
}

/** All checks; their findings in order. A check that itself fails is reported as a problem. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const found = new Map<string, Finding | Finding[]>()
  const checkAll = async (checks: readonly (readonly [string, Check])[]): Promise<void> => {
    await Promise.all(checks.map(async ([check, look]) => found.set(check, await findings(check, look, examination))))
  }
  const all = Object.entries(CHECKS)
  await checkAll(all.filter(([, look]) => BROKER.includes(look)))
  examination.user()
  await checkAll(all.filter(([, look]) => !BROKER.includes(look)))
  return Object.keys(CHECKS).flatMap((check) => found.get(check) ?? [])
}

async function findings(check: string, look: Check, examination: Examination): Promise<Finding | Finding[]> {
  try {
    return await look(examination)
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { check, status: "problem", text, remedy: "see docs/RUNTIME.md" }
  }
}
