import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { platformOfNodeArch, spelling, type PlatformName } from "../../dagger/src/core/platforms.js"

/** Where the kernel lists what it runs by an interpreter. */
const RULES = "/proc/sys/fs/binfmt_misc"

/** How the bare engine calls the rules that it registers. */
const OWN = "runner-images-"

export function isNative(platform: PlatformName): boolean {
  return platform === platformOfNodeArch(process.arch)
}

/** Why programs of a platform cannot be run here, or undefined when they can. */
export function whyNotRunnable(platform: PlatformName): string | undefined {
  if (isNative(platform)) return undefined
  const { uname } = spelling(platform)
  const rule = rules().find((name) => name.startsWith(OWN) && name.endsWith(`-${uname}`))
  if (rule === undefined)
    return `no rule ${RULES}/${OWN}*-${uname}: this host runs ${platform} by emulation only, which runner-images engine up sets up`
  return readFileSync(join(RULES, rule), "utf8").startsWith("enabled") ? undefined : `the rule ${rule} is disabled`
}

function rules(): string[] {
  try {
    return readdirSync(RULES)
  } catch {
    return []
  }
}
