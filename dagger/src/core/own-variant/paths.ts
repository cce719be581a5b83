import { RUNNER_USER } from "../definitions.js"
import { ENTRYPOINT, RUNTIME_FOLDER } from "../runtime.js"

const START = "the start of the container"

/** The same, where a folder above it is shared with everything else that is installed by hand. */
const PROTECTED_INSIDE: Readonly<Record<string, string>> = { [RUNTIME_FOLDER]: START }

/** What a definition may not replace, and to what it belongs. A path stands for all that is below it. */
const PROTECTED: Readonly<Record<string, string>> = {
  "/dev": "the kernel",
  "/etc/group": "the image's accounts",
  "/etc/gshadow": "the image's accounts",
  "/etc/ld.so.preload": "the dynamic linker",
  "/etc/passwd": "the image's accounts",
  "/etc/shadow": "the image's accounts",
  "/etc/subgid": "the image's accounts",
  "/etc/subuid": "the image's accounts",
  "/etc/sudoers": "sudo, which --sudo sets up",
  "/etc/sudoers.d": "sudo, which --sudo sets up",
  "/proc": "the kernel",
  "/sys": "the kernel",
  "/usr/bin/tini": START,
  ...Object.fromEntries(ENTRYPOINT.map((path) => [path, START])),
  "/var/lib/dpkg": "the package database",
  ...Object.fromEntries(
    ["bin", "config.sh", "externals", "run.sh"].map((name) => [`${RUNNER_USER.home}/${name}`, "the runner"]),
  ),
}

/**
 * What is wrong with a place for a definition's files, or undefined.
 *
 * @param kind a folder is refused as well when something protected is below it
 */
export function placeProblem(path: string, kind: "file" | "folder"): string | undefined {
  if (!path.startsWith("/")) return `"${path}" is not absolute; begin it with /`
  const parts = path.slice(1).split("/")
  if (parts.includes("..") || parts.includes(".")) return `"${path}" leads elsewhere; write it without . and ..`
  if (parts.includes("")) return `"${path}" has an empty part; write it without // and without / at its end`
  for (const [place, what] of Object.entries({ ...PROTECTED, ...PROTECTED_INSIDE })) {
    if (path === place || path.startsWith(`${place}/`)) return `"${path}" belongs to ${what}, and is left alone`
    if (kind === "folder" && place in PROTECTED && place.startsWith(`${path}/`))
      return `"${path}" holds ${place}, which belongs to ${what}; choose a folder of its own`
  }
  return undefined
}
