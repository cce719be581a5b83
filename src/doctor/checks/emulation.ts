import { compareVersions } from "compare-versions"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { platformOfNodeArch, spelling, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { foreignPlatforms } from "../../engine/bare/host/binfmt.js"
import { RUNNER_HOST } from "../../engine/find.js"
import { attempt } from "../../host/exec.js"
import type { Examination, Search, World } from "../examination/examination.js"
import { ok, skipped, warning, type Finding } from "../examination/finding.js"

/** The first QEMU under which browsers were seen to work; 7.1, which is in Dagger's engine, crashes Chromium. */
const OLDEST = "7.2"
/** The first one that emulates about twice as fast. */
const FAST = "10.0"
const BUNDLED = "7.1"

/** How programs of the other platforms run: by the kernel's rule, and under which QEMU. */
export async function checkEmulation(examination: Examination): Promise<Finding[]> {
  const { world } = examination
  const host = platformOfNodeArch(world.facts.nodeArch)
  const search = await examination.search()
  if (world.facts.system !== "linux" || host === undefined)
    return [skipped("emulation", "the engine runs in a virtual machine, whose kernel cannot be seen from here")]
  if (isElsewhere(search)) return [skipped("emulation", "the engine runs on another machine")]
  const rules = readRules(world.root)
  return Promise.all(foreignPlatforms(host).map((platform) => emulationOf(platform, rules, search, world)))
}

function isElsewhere(search: Search): boolean {
  if (search.kind !== "found" || search.engine.kind !== "environment") return false
  return !/^(?:unix|docker-image|docker-container|podman-container):\/\//.test(search.engine.env[RUNNER_HOST] ?? "")
}

/** A rule of binfmt_misc, as the kernel shows it. */
interface Rule {
  name: string
  enabled: boolean
  interpreter: string
  flags: string
  /** e_machine of the ELF files that it is for. */
  machine: number
}

/** @returns [] also where binfmt_misc is not mounted */
function readRules(root: string): Rule[] {
  const folder = join(root, "proc/sys/fs/binfmt_misc")
  try {
    return readdirSync(folder)
      .filter((name) => name !== "register" && name !== "status")
      .flatMap((name) => parseRule(name, readFileSync(join(folder, name), "utf8")))
  } catch {
    return []
  }
}

function parseRule(name: string, text: string): Rule[] {
  const field = (key: string) => new RegExp(`^${key}:? (.*)$`, "m").exec(text)?.[1]?.trim()
  // The header's bytes 18 and 19, little-endian.
  const [, low, high] = /^7f454c46.{28}(..)(..)/.exec(field("magic") ?? "") ?? []
  const interpreter = field("interpreter")
  if (interpreter === undefined || low === undefined || high === undefined) return []
  const enabled = text.startsWith("enabled")
  return [{ name, enabled, interpreter, flags: field("flags") ?? "", machine: parseInt(`${high}${low}`, 16) }]
}

async function emulationOf(
  platform: PlatformName,
  all: readonly Rule[],
  search: Search,
  world: World,
): Promise<Finding> {
  const check = `emulation: ${platform}`
  const rules = all.filter(({ machine }) => machine === spelling(platform).elfMachine)
  const enabled = rules.filter((rule) => rule.enabled)
  // The kernel asks the newest rule, and the bare engine adds one of its own when it starts.
  const rule = enabled.find(({ name }) => name.startsWith("runner-images-")) ?? enabled[0]
  if (search.kind === "startable") {
    const before = rule ? "which the kernel asks before those that are there" : "the first"
    return ok(check, `the bare engine adds a rule with its own QEMU when it starts, ${before}`)
  }
  if (rule) return ruleFinding(check, rule, install(platform, search), world)
  const [disabled] = rules
  if (disabled)
    return warning(
      check,
      `the kernel's rule ${disabled.name} is disabled`,
      `echo 1 | sudo tee /proc/sys/fs/binfmt_misc/${disabled.name}`,
    )
  if (search.kind === "found" && search.bare)
    return warning(
      check,
      "the bare engine runs, but its rule for binfmt_misc is gone: nothing of this platform can be executed",
      "./runner-images engine down && ./runner-images engine up",
    )
  return warning(
    check,
    `the kernel has no rule for it: Dagger's engine then uses its own QEMU ${BUNDLED}, which crashes Chromium`,
    install(platform, search),
  )
}

function install(platform: PlatformName, search: Search): string {
  const kind = search.kind === "found" ? search.engine.kind : undefined
  if (kind !== "docker" && kind !== "podman")
    return `sudo apt-get install qemu-user-static, from a release that has QEMU ${OLDEST} or newer`
  return `${kind} run --privileged --rm docker.io/tonistiigi/binfmt --install ${spelling(platform).arch}`
}

async function ruleFinding(check: string, rule: Rule, remedy: string, world: World): Promise<Finding> {
  const { name, interpreter, flags } = rule
  const by = `by the kernel's rule ${name}`
  if (!flags.includes("F"))
    return warning(check, `${by}, without the flag F: containers do not find ${interpreter}, which it names`, remedy)
  const version = await qemuVersion(interpreter, world)
  // With the flag F, the kernel has opened a file that may be in a container's file system.
  if (version === undefined) return ok(check, `${by}; the version of ${interpreter} cannot be told from here`)
  if (compareVersions(version, OLDEST) < 0)
    return warning(check, `QEMU ${version}, ${by}: versions before ${OLDEST} crash Chromium`, remedy)
  const slow = compareVersions(version, FAST) < 0 ? `; ${FAST} and newer take about half the time` : ""
  return ok(check, `QEMU ${version}, ${by}${slow}`)
}

async function qemuVersion(interpreter: string, { root, env, patience }: World): Promise<string | undefined> {
  const options = { env, cleanEnv: true, timeout: patience }
  const { stdout } = await attempt(join(root, interpreter), ["--version"], options)
  return /\bversion (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1]
}
