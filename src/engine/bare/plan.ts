import { existsSync } from "node:fs"
import { spelling, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { foreignPlatforms } from "./host/binfmt.js"
import { gigabytes } from "./host/host.js"
import type { InstanceFolder, StateFolder } from "./state/state-folder.js"

/** What has to be built, and its cost on two cores that all of it shares. Measured, rounded up. */
const COSTS = {
  packages: { minutes: 0.5, bytes: 0.1e9 },
  binaries: { minutes: 3, bytes: 0.3e9 },
  emulator: { minutes: 0.2, bytes: 0.1e9 },
  bases: { minutes: 0.5, bytes: 0.3e9 },
  "sdk-content": { minutes: 0.7, bytes: 1.6e9 },
  start: { minutes: 0.1, bytes: 0 },
} as const

/** Firewall rules of an instance, without those that guard an uplink. */
const INSTANCE_RULES = 4

/** Space that building one variant for both platforms takes in the engine's cache. */
export const BUILD_BYTES = 9e9

export interface PlanFacts {
  instance: Pick<InstanceFolder, "name" | "hostInterface" | "comment" | "runtime"> & {
    binfmtRule: (uname: string) => string
  }
  stateFolder: string
  host: PlatformName
  packages: string[]
  missing: { binaries: boolean; emulator: boolean; bases: boolean; content: boolean }
  /** Outgoing interfaces: those that do not forward yet, and those that will forward only for instances. */
  forwarding: { closed: string[]; guarded: string[] }
  binfmtMounted: boolean
  registryPort: string
}

export interface Plan {
  /** What changes on the host, each until `engine down` except the packages. */
  changes: string[]
  /** What is built in the state folder. */
  makes: string[]
  /** Bytes that should be free beforehand. */
  diskBytes: number
  minutes: number
}

type Steps = readonly (readonly [keyof typeof COSTS, string])[]

function stepsOf({ packages, missing, host }: Pick<PlanFacts, "packages" | "missing" | "host">): Steps {
  return [
    ["start", ""],
    ...(packages.length > 0 ? [["packages", ""] as const] : []),
    ...(missing.binaries ? [["binaries", "the engine, its CLI and its helpers, built from Go modules"] as const] : []),
    ...(missing.emulator ? [["emulator", `QEMU for ${foreignPlatforms(host).join(", ")}`] as const] : []),
    ...(missing.bases ? [["bases", "base images from the distribution's package archive"] as const] : []),
    ...(missing.content ? [["sdk-content", "the contents of the Go and TypeScript SDKs"] as const] : []),
  ]
}

const total = (steps: Steps, of: "minutes" | "bytes"): number => steps.reduce((sum, [step]) => sum + COSTS[step][of], 0)

/** Bytes that should be free in the state folder before `engine up` and a build. */
export function diskNeeds(facts: Pick<PlanFacts, "packages" | "missing" | "host">): number {
  return total(stepsOf(facts), "bytes") + BUILD_BYTES
}

/** Says what `engine up` is about to do. Pure. */
export function plan(facts: PlanFacts): Plan {
  const { instance } = facts
  const rules = INSTANCE_RULES + facts.forwarding.guarded.length
  const steps = stepsOf(facts)
  return {
    changes: [
      ...(facts.packages.length > 0 ? [`installs packages, which stay: ${facts.packages.join(" ")}`] : []),
      ...facts.forwarding.closed.map(
        (device) =>
          `sets net.ipv4.conf.${device}.forwarding to 1, for this interface only; packets that arrive there are forwarded only if they answer a container`,
      ),
      ...(facts.binfmtMounted ? [] : ["mounts binfmt_misc"]),
      ...foreignPlatforms(facts.host).map(
        (platform) => `adds the binfmt_misc rule ${instance.binfmtRule(spelling(platform).uname)}`,
      ),
      `adds the network interface ${instance.hostInterface}, with forwarding on and its other end in a network namespace`,
      `adds ${rules} firewall rules with the comment "${instance.comment}"`,
      `listens on 127.0.0.1:${facts.registryPort} (registry, with a password that only root can read) and ${instance.runtime}/engine.sock (engine)`,
    ],
    makes: steps.map(([, what]) => what).filter((what) => what !== ""),
    diskBytes: diskNeeds(facts),
    minutes: total(steps, "minutes"),
  }
}

/** The plan as lines for a terminal. */
export function planLines(plan: Plan, facts: Pick<PlanFacts, "instance" | "stateFolder">): string[] {
  const minutes = plan.minutes < 1 ? "less than a minute" : `about ${Math.ceil(plan.minutes)} minutes`
  return [
    `engine instance ${facts.instance.name}, kept in ${facts.stateFolder}`,
    "on this host, until runner-images engine down:",
    ...plan.changes.map((change) => `  - ${change}`),
    ...(plan.makes.length > 0 ? ["builds in its state folder:", ...plan.makes.map((make) => `  - ${make}`)] : []),
    `needs ${gigabytes(plan.diskBytes)} of free disk space and ${minutes}`,
  ]
}

/**
 * What the next start says of one that was interrupted.
 *
 * @param ended how many of its processes were still there
 */
export function resumeLine(ended: number, missing: PlanFacts["missing"]): string {
  const kept = PARTS.filter(([part]) => !missing[part]).map(([, name]) => name)
  const left = PARTS.filter(([part]) => missing[part]).map(([, name]) => name)
  const list = (names: string[]) => (names.length > 0 ? names.join(", ") : "nothing")
  const processes = ended === 0 ? "" : `; ended ${ended} ${ended === 1 ? "process" : "processes"} of it`
  return `resuming a start that was interrupted${processes}; kept: ${list(kept)}; still to be made: ${list(left)}`
}

const PARTS: readonly (readonly [keyof PlanFacts["missing"], string])[] = [
  ["binaries", "the engine's programs"],
  ["emulator", "QEMU"],
  ["bases", "base images"],
  ["content", "the SDKs' contents"],
]

export function hostSettings(): Pick<PlanFacts, "binfmtMounted"> {
  return {
    binfmtMounted: existsSync("/proc/sys/fs/binfmt_misc/register"),
  }
}

/** Which artefacts do not exist yet. An unknown key counts as missing. */
export function missingArtefacts(
  state: StateFolder,
  keys: { binaries: string; emulator: string; bases: string; content: string | undefined },
): PlanFacts["missing"] {
  return {
    binaries: !existsSync(state.binaries(keys.binaries)),
    emulator: !existsSync(state.emulator(keys.emulator)),
    bases: !existsSync(state.bases(keys.bases)),
    content: keys.content === undefined || !existsSync(state.content(keys.content)),
  }
}
