import * as z from "zod"
import { RuntimeFailure } from "../../failure.js"
import { permissionFor } from "../../github/permission.js"
import { runnerText } from "../../runner-text.js"
import type { Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

const CHECK = "runner"

/** https://docs.github.com/rest/actions/self-hosted-runners: "List runner applications", of which names have versions. */
const APPLICATIONS = z.array(z.object({ filename: z.string() }))

/**
 * GitHub refuses runners about 30 days after a newer one was released. Which one it offers can be queried with
 * credentials; without them, whether this one is refused shows when it connects (exit code 7).
 */
export async function checkRunnerVersion(examination: Examination): Promise<Finding> {
  const { configuration, image } = examination
  const { runner } = image
  // GitHub offers its own alone.
  const offered = runner.kind === "official" ? await offeredVersion(examination) : undefined
  if (offered === undefined) {
    const text = `${runnerText(runner)}; whether GitHub still accepts it shows when it connects`
    return { check: CHECK, status: "ok", text }
  }
  return versionFinding(runner.version, offered, configuration?.disableUpdate ?? false)
}

async function offeredVersion({ configuration, github }: Examination): Promise<string | undefined> {
  const target = configuration?.target
  const asked = await github()
  if (!asked || !target) return undefined
  try {
    const applications = await asked.client.request({
      method: "GET",
      path: `${target.path}/actions/runners/downloads`,
      authorization: await asked.credential(),
      answer: APPLICATIONS,
      what: `the list of runner applications of ${target.path}`,
      permission: permissionFor(target, configuration.authentication),
    })
    return applications.flatMap(({ filename }) => /-(\d+\.\d+\.\d+)\./.exec(filename)?.[1] ?? [])[0]
  } catch (error) {
    // The check of the credentials reports it.
    if (error instanceof RuntimeFailure) return undefined
    throw error
  }
}

export function versionFinding(version: string, offered: string, updateDisabled: boolean): Finding {
  if (!isOlder(version, offered))
    return { check: CHECK, status: "ok", text: `${version}, not older than the version that GitHub offers` }
  return {
    check: CHECK,
    status: "warning",
    text: `${version} is older than ${offered}, which GitHub offers; it refuses old ones after about 30 days`,
    remedy: `pull a newer image${updateDisabled ? "; with DISABLE_AUTO_UPDATE the runner does not update itself" : ""}`,
  }
}

function isOlder(version: string, than: string): boolean {
  const parts = (text: string): number[] => text.split(".").map(Number)
  const [left, right] = [parts(version), parts(than)]
  const differing = left.findIndex((part, index) => part !== right[index])
  return differing !== -1 && (left[differing] ?? 0) < (right[differing] ?? 0)
}
