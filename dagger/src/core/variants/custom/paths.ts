import { AGENT_FOLDERS, RUNNER_USER } from "../runner-user.js"
import { ENTRYPOINT, RUNTIME_FOLDER, RUNTIME_PROGRAMS } from "../runtime-files.js"
import { IMAGE_LINKS, throughLinks, TOOL_LINKS } from "./links.js"

const START = "the container's start-up"

/** Like {@link PROTECTED}, but in folders that other tools share. */
const PROTECTED_INSIDE: Readonly<Record<string, string>> = {
  [RUNTIME_FOLDER]: START,
  // Including the shell that entrypoint.sh names, and the program with which it starts others.
  ...Object.fromEntries([...RUNTIME_PROGRAMS, "/usr/bin/bash", "/usr/bin/env"].map((path) => [path, START])),
  ...Object.fromEntries(Object.keys(TOOL_LINKS).map((path) => [path, "a tool of the catalog"])),
}

/** Characters that are invisible or change how nearby text is displayed: control and format characters, line separators, unpaired surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** What a definition may not replace, and what it belongs to. A path includes everything below it. */
const PROTECTED: Readonly<Record<string, string>> = {
  "/dev": "the kernel",
  "/etc/group": "the image's accounts",
  "/etc/gshadow": "the image's accounts",
  "/etc/ld.so.preload": "the dynamic linker",
  "/etc/passwd": "the image's accounts",
  "/etc/shadow": "the image's accounts",
  "/etc/subgid": "the image's accounts",
  "/etc/subuid": "the image's accounts",
  "/etc/sudoers": "sudo (set up by --sudo)",
  "/etc/sudoers.d": "sudo (set up by --sudo)",
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
 * What is wrong with a path for a definition's files, or undefined.
 *
 * @param kind a folder is also refused if something protected is below it
 * @param own the definition's own links: path → target
 */
export function placeProblem(
  path: string,
  kind: "file" | "folder",
  own: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  if (INVISIBLE.test(path)) return "has an invisible character; write it without control characters"
  if (!path.startsWith("/")) return `"${path}" is not absolute; begin it with /`
  const parts = path.slice(1).split("/")
  if (parts.includes("..") || parts.includes(".")) return `"${path}" has . or .. in it; write it without them`
  if (parts.includes("")) return `"${path}" has an empty component; write it without // and without / at the end`
  if (path in IMAGE_LINKS) return `"${path}" is a link in every image and cannot be replaced; choose another path`
  const real = throughLinks(path, new Map([...own, ...Object.entries(IMAGE_LINKS)]))
  if (real === undefined) return `"${path}" is a loop of links; correct the links`
  const leads = real === path ? "" : `; it leads to ${real}`
  for (const [place, what] of Object.entries({ ...PROTECTED, ...PROTECTED_INSIDE })) {
    if (real === place || real.startsWith(`${place}/`))
      return `"${path}" belongs to ${what} and cannot be replaced${leads}; choose another path`
    if (kind === "folder" && place in PROTECTED && place.startsWith(`${real}/`))
      return `"${path}" contains ${place}, which belongs to ${what}; choose a separate folder`
  }
  return undefined
}
