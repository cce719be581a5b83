import { AGENT_FOLDERS, RUNNER_USER } from "../runner-user.js"
import { ENTRYPOINT, RUNTIME_FOLDER, RUNTIME_PROGRAMS } from "../runtime-files.js"
import { IMAGE_LINKS, throughLinks, TOOL_LINKS } from "./links.js"

const START = "the start of the container"

/** The same, where a folder above it is shared with everything else that is installed by hand. */
const PROTECTED_INSIDE: Readonly<Record<string, string>> = {
  [RUNTIME_FOLDER]: START,
  // With the shell that entrypoint.sh names, and the program that it starts others by.
  ...Object.fromEntries([...RUNTIME_PROGRAMS, "/usr/bin/bash", "/usr/bin/env"].map((path) => [path, START])),
  ...Object.fromEntries(Object.keys(TOOL_LINKS).map((path) => [path, "a tool of the catalog"])),
}

/** What cannot be seen, or changes how the text beside it is read: control and format characters, separators of lines, halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

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
  ...Object.fromEntries(ENTRYPOINT.map((path) => [path, START])),
  "/var/lib/dpkg": "the package database",
  ...Object.fromEntries(
    ["bin", "config.sh", "externals", "run.sh"].map((name) => [`${RUNNER_USER.home}/${name}`, "the runner"]),
  ),
  ...Object.fromEntries(AGENT_FOLDERS.map((path) => [path, "the credential broker"])),
}

/**
 * What is wrong with a place for a definition's files, or undefined.
 *
 * @param kind a folder is refused as well when something protected is below it
 * @param own the definition's own links: path → target
 */
export function placeProblem(
  path: string,
  kind: "file" | "folder",
  own: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  if (INVISIBLE.test(path)) return "has a character that cannot be seen; write it without control characters"
  if (!path.startsWith("/")) return `"${path}" is not absolute; begin it with /`
  const parts = path.slice(1).split("/")
  if (parts.includes("..") || parts.includes(".")) return `"${path}" leads elsewhere; write it without . and ..`
  if (parts.includes("")) return `"${path}" has an empty part; write it without // and without / at its end`
  if (path in IMAGE_LINKS) return `"${path}" is a link of every image, and is left alone`
  const real = throughLinks(path, new Map([...own, ...Object.entries(IMAGE_LINKS)]))
  if (real === undefined) return `"${path}" leads in a circle; look at the links`
  const leads = real === path ? "" : `, where it leads: ${real}`
  for (const [place, what] of Object.entries({ ...PROTECTED, ...PROTECTED_INSIDE })) {
    if (real === place || real.startsWith(`${place}/`)) return `"${path}" belongs to ${what}, and is left alone${leads}`
    if (kind === "folder" && place in PROTECTED && place.startsWith(`${real}/`))
      return `"${path}" holds ${place}, which belongs to ${what}; choose a folder of its own`
  }
  return undefined
}
