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
export const FACTS_FILE = `${RUNTIME_FOLDER}/image.json`

/** By which labels GitHub knows machines, the same on every platform: what a runner's own is not, it must not claim. */
export const LABELS_FILE = `${RUNTIME_FOLDER}/architecture-labels.json`

/** Symbolic links for those who name paths of other runner images: path in the image → target. */
export const RUNTIME_LINKS: Readonly<Record<string, string>> = {
  "/actions-runner": "/home/runner",
  "/usr/local/bin/job-completed.sh": `${RUNTIME_FOLDER}/hooks/job-completed.sh`,
  "/usr/local/bin/job-started.sh": `${RUNTIME_FOLDER}/hooks/job-started.sh`,
}
