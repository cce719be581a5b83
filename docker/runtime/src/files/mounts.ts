import { textOf } from "./text-of.js"

/** A mount as proc_pid_mountinfo(5) has it: which folder of which file system is mounted where. */
export interface Mount {
  readonly root: string
  readonly target: string
  /** Of the mount itself: `rw`, `noexec`. */
  readonly flags: readonly string[]
  readonly source: string
  /** Of the file system. */
  readonly options: readonly string[]
}

/**
 * The mounts of this process, as the kernel tells them; empty without /proc.
 *
 * @param encoding `latin1` keeps every byte of a name that is not UTF-8
 */
export function readMountInfo(encoding: "utf8" | "latin1" = "utf8"): string {
  return textOf("/proc/self/mountinfo", encoding) ?? ""
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue` */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [own = "", filesystem = ""] = line.split(" - ")
    const [, , , root, target, flags = ""] = own.split(" ").map(unescaped)
    const [, source = "", options = ""] = filesystem.split(" ").map(unescaped)
    if (root === undefined || target === undefined) return []
    return [{ root, target, flags: flags.split(","), source, options: options.split(",") }]
  })
}

/**
 * The mount that a path is on. A later mount hides an earlier one at the same place.
 *
 * @param path absolute, without links
 */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const above = mounts.filter(({ target }) => target === "/" || path === target || path.startsWith(`${target}/`))
  const longest = Math.max(...above.map(({ target }) => target.length))
  return above.findLast(({ target }) => target.length === longest)
}

/** A space is `\040`. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
}
