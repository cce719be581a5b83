import type { VariantFile } from "../variants/definitions.js"
import { upstreamVersion } from "../packages/packages.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import type { VariantPlan } from "./plan.js"
import type { Tool } from "../report/report.js"
import { PROJECT_VERSION } from "../version.js"

/** Where the runtime program is in an image. What `docker/runtime/` is written for. */
export const RUNTIME_FOLDER = "/usr/local/lib/runner-images"
const NODE = "/usr/local/bin/node"
const PROGRAM = `${RUNTIME_FOLDER}/runtime.mjs`

/** What start-up runs; the arguments of `docker run IMAGE …` follow. It hands the environment over and becomes the init process. */
export const ENTRYPOINT = ["/entrypoint.sh"]

/**
 * `env` once more, which nobody but root may read. Container engines start a health check with the container's environment, and what a
 * process starts with can be read by others of its user, jobs among them; but not of a program that they may not read.
 */
export const CLEAN_START = { path: `${RUNTIME_FOLDER}/env`, from: "/usr/bin/env", mode: 0o711 } as const

/**
 * The dynamic linker that the image's Node.js names, once more, which users may run and not read. Of a program that its user may not read,
 * the kernel makes a process that this user cannot look into: ptrace and /proc's mem, environ, maps and fd are closed, and no core is
 * written. So our own programs are started as `LOADER NODE …`, and jobs, which are the same user, learn nothing of their secrets.
 */
export const LOADER = { path: `${RUNTIME_FOLDER}/loader`, of: NODE, mode: 0o711 } as const

/** Checksums of the runner's programs as the image has them, see runner-manifest.sh: what differs gets no registration token. */
export const RUNNER_MANIFEST = `${RUNTIME_FOLDER}/runner.sha256`

/** Nobody asks Node.js for its debugger by a signal. */
const NODE_OPTIONS = ["--disable-sigusr1"]

/** Exec form: no shell is in between, and Node.js is the image's own, whichever one a job has put into its PATH. */
export const HEALTH_COMMAND = [CLEAN_START.path, "-i", LOADER.path, NODE, ...NODE_OPTIONS, PROGRAM, "health"]

/** Every program that start-up and the health check need. */
export const RUNTIME_PROGRAMS = [...ENTRYPOINT, CLEAN_START.path, LOADER.path, NODE, "/usr/bin/tini"]

/** What the runtime program knows of its image: `docker/runtime/src/image-facts.ts` reads it. */
const FACTS_FILE = `${RUNTIME_FOLDER}/image.json`

/** By which labels GitHub knows machines, the same on every platform: what a runner's own is not, it must not claim. */
export const LABELS_FILE = `${RUNTIME_FOLDER}/architecture-labels.json`

/** Symbolic links for those who name paths of other runner images: path in the image → target. */
export const RUNTIME_LINKS: Readonly<Record<string, string>> = {
  "/actions-runner": "/home/runner",
  "/usr/local/bin/job-completed.sh": `${RUNTIME_FOLDER}/hooks/job-completed.sh`,
  "/usr/local/bin/job-started.sh": `${RUNTIME_FOLDER}/hooks/job-started.sh`,
}

/** What an image says of itself to the program that starts in it. */
export interface RuntimeFacts {
  variant: string
  version: string
  platform: PlatformName
  base: string
  runner: { kind: VariantPlan["runner"]; version: string }
  /** The label by which GitHub knows the platform's machines. */
  architectureLabel: string
  /** Version by name. */
  tools: Record<string, string>
}

/**
 * The facts of one image.
 *
 * @param tools as they are in the report; a package's version without what its distribution added to it, which may differ by platform
 */
export function runtimeFacts(plan: VariantPlan, platform: PlatformName, tools: readonly Tool[]): RuntimeFacts {
  const version = ({ source, version: given }: Tool) => (source.startsWith("deb:") ? upstreamVersion(given) : given)
  return {
    variant: plan.variant,
    version: PROJECT_VERSION,
    platform,
    base: plan.base,
    runner: { kind: plan.runner, version: tools.find(({ name }) => name === "runner")?.version ?? "unknown" },
    architectureLabel: spelling(platform).vendor,
    tools: Object.fromEntries(tools.filter(({ name }) => name !== "runner").map((tool) => [tool.name, version(tool)])),
  }
}

/** The file that has an image's facts. A variant replaces that of the one it extends. */
export function factsFile(facts: RuntimeFacts): VariantFile {
  return { path: FACTS_FILE, mode: "0644", text: `${JSON.stringify(facts, null, 2)}\n` }
}

/** The text of {@link LABELS_FILE}. */
export function labelsText(): string {
  return `${JSON.stringify(PLATFORMS.map((platform) => spelling(platform).vendor))}\n`
}
