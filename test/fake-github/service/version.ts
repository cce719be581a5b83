import type { Settings } from "../settings.js"
import { Refusal } from "../refusal.js"

/**
 * Refuses runners that are older than the oldest that is served.
 *
 * https://docs.github.com/actions/reference/runners/self-hosted-runners#runner-software-updates-on-self-hosted-runners
 */
export function refuseOldVersion(
  version: string,
  { minimumRunnerVersion: minimum, refuseVersionAt }: Settings,
  at: Settings["refuseVersionAt"],
): void {
  if (minimum === null || at !== refuseVersionAt || !isOlder(version, minimum)) return
  const what = at === "messages" ? "receive messages" : "be registered"
  throw new VersionRefusal(`Runner version v${version} is deprecated and cannot ${what}.`)
}

/** With the kind of fault that the runner looks for. */
export class VersionRefusal extends Refusal {
  constructor(message: string) {
    super(403, message)
  }

  override get body(): unknown {
    return {
      source: "actions-broker-listener",
      errorKind: "RunnerVersionTooOld",
      statusCode: 403,
      errorMessage: this.message,
      message: this.message,
    }
  }
}

/** By the three numbers; `0.13.0-act` counts as 0.13.0. */
function isOlder(version: string, than: string): boolean {
  const [left, right] = [numbers(version), numbers(than)]
  const differing = left.findIndex((number, index) => number !== right[index])
  return differing !== -1 && (left[differing] ?? 0) < (right[differing] ?? 0)
}

function numbers(version: string): number[] {
  return [0, 1, 2].map((index) => Number(/\d+(?:\.\d+)*/.exec(version)?.[0].split(".")[index] ?? 0))
}
