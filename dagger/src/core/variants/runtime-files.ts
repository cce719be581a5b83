/** Where the runtime program is in an image. `docker/runtime/` relies on it. */
export const RUNTIME_FOLDER = "/usr/local/lib/runner-images"

const NODE = "/usr/local/bin/node"

const PROGRAM = `${RUNTIME_FOLDER}/runtime.mjs`

/** The image's entrypoint; the arguments of `docker run IMAGE …` follow. It passes the environment on and becomes the init process. */
export const ENTRYPOINT = ["/entrypoint.sh"]

/**
 * A copy of `env` that only root can read. Container engines start a health check with the container's environment, and other processes
 * of the same user, including jobs, can read a process's initial environment; but not if they cannot read its program.
 */
export const CLEAN_START = { path: `${RUNTIME_FOLDER}/env`, from: "/usr/bin/env", mode: 0o711 } as const

/**
 * A copy of the dynamic linker that the image's Node.js names; users can run it but not read it. When a user runs a program that they
 * cannot read, the kernel hides the process from that user: ptrace and /proc's mem, environ, maps and fd are closed, and no core dump is
 * written. So our own programs are started as `LOADER NODE …`, and jobs, which run as the same user, cannot read their secrets.
 */
export const LOADER = { path: `${RUNTIME_FOLDER}/loader`, of: NODE, mode: 0o711 } as const

/** Checksums of the runner's programs in the image, see runner-manifest.sh: a runner that differs gets no registration token. */
export const RUNNER_MANIFEST = `${RUNTIME_FOLDER}/runner.sha256`

/** Links to the image's own tools, in the form of a tool cache. `docker/runtime/src/container/tool-cache.ts` relies on it. */
export const TOOL_CACHE_LINKS = `${RUNTIME_FOLDER}/tool-cache`

/** Keeps a signal from starting Node.js' debugger. */
const NODE_OPTIONS = ["--disable-sigusr1"]

/** Exec form: no shell is involved, and Node.js is the image's own, whichever one a job has put into its PATH. */
export const HEALTH_COMMAND = [CLEAN_START.path, "-i", LOADER.path, NODE, ...NODE_OPTIONS, PROGRAM, "health"]

/** A container is healthy while its listener runs and is registered; the runtime program checks that. */
export const HEALTHCHECK = {
  command: HEALTH_COMMAND,
  intervalSeconds: 30,
  timeoutSeconds: 10,
  startPeriodSeconds: 60,
  retries: 3,
} as const

/** Every program that the start of the container and the health check need. */
export const RUNTIME_PROGRAMS = [...ENTRYPOINT, CLEAN_START.path, LOADER.path, NODE, "/usr/bin/tini"]

/** What the runtime program knows about its image: `docker/runtime/src/image-facts.ts` reads it. */
export const FACTS_FILE = `${RUNTIME_FOLDER}/image.json`

/**
 * Which files and folders of a custom variant's packages are setuid, setgid, sticky or world-writable, as the package files have them. dpkg's
 * database does not keep modes, so `test` could not tell later whether they are still the packages'. See `pipeline/packages/shipped-modes.ts`.
 */
export const SHIPPED_MODES = `${RUNTIME_FOLDER}/shipped-modes`

/** GitHub's labels for architectures, the same file on every platform: a runner must not claim another architecture's label. */
export const LABELS_FILE = `${RUNTIME_FOLDER}/architecture-labels.json`

/** Symbolic links for users of other runner images' paths: path in the image → target. */
export const RUNTIME_LINKS: Readonly<Record<string, string>> = {
  "/actions-runner": "/home/runner",
  "/usr/local/bin/job-completed.sh": `${RUNTIME_FOLDER}/hooks/job-completed.sh`,
  "/usr/local/bin/job-started.sh": `${RUNTIME_FOLDER}/hooks/job-started.sh`,
}
