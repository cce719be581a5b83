/** The checks of an image's files. A definition file may accept what they find. */
export const FILE_CHECKS = [
  "elf/machine",
  "elf/whole",
  "elf/libraries",
  "files/setuid",
  "files/special",
  "files/capabilities",
  "files/writable",
  "files/leftovers",
  "files/build-paths",
  "files/secrets",
  "files/identities",
] as const
export type FileCheck = (typeof FILE_CHECKS)[number]

/** A finding that a definition file accepts, and why it is right for the image. */
export interface AcceptedFinding {
  check: FileCheck
  /** As the check words it; each `*` stands for part of a name, as in {@link isAccepted}. */
  finding: string
  reason: string
}

/**
 * Whether an entry accepts a finding. A `*` matches neither a slash nor a space: it cannot leave a folder, nor stand for a mode.
 *
 * @example isAccepted({ check: "files/setuid", finding: "/usr/lib/*\/helper 4755", reason: "…" }, "files/setuid", "/usr/lib/x86_64-linux-gnu/helper 4755") ⇒ true
 */
export function isAccepted(entry: AcceptedFinding, check: FileCheck, finding: string): boolean {
  const pattern = entry.finding
    .split("*")
    .map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&"))
    .join("[^/\\s]*")
  return entry.check === check && new RegExp(`^${pattern}$`, "u").test(finding)
}
