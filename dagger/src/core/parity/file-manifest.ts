import { readAllowList } from "./allow-list.js"
import { z } from "zod"
import { RunnerImagesError } from "../errors.js"

/** The properties of a path in a root, except its times. A path that only one of two roots has differs in its `presence`. */
export const FIELDS = [
  "presence",
  "type",
  "mode",
  "owner",
  "size",
  "sha256",
  "target",
  "xattrs",
  "device",
  "links",
] as const
export type Field = (typeof FIELDS)[number]

const lineSchema = z.strictObject({
  /** Absolute within the root; the root itself is `/`. */
  path: z.string().startsWith("/"),
  type: z.enum(["file", "folder", "link", "special"]),
  /** Permissions in octal, with setuid, setgid and sticky. */
  mode: z.string(),
  /** `UID:GID`. */
  owner: z.string(),
  /** Bytes. */
  size: z.number().optional(),
  sha256: z.string().optional(),
  /** The target of a symbolic link, as written. */
  target: z.string().optional(),
  /** `NAME=VALUE`, sorted. */
  xattrs: z.array(z.string()).optional(),
  /** Kind and number of a device, or the kind of another special file. */
  device: z.string().optional(),
  /** Equal for all names of a file with several. */
  inode: z.string().optional(),
  /** The kind of machine code in a file: `ELF CLASS/MACHINE`, `archive` or `assembly`. Like `archNeutral`, only on request. */
  code: z.string().optional(),
  /** SHA-256 of a text without the platform's spellings, if it has any. */
  archNeutral: z.string().optional(),
})

/** One path's fields as text; fields that its type does not have are absent. */
export type FileManifestEntry = Partial<Record<Field | "code" | "archNeutral", string>>

/** Every path of a root. */
export type FileManifest = ReadonlyMap<string, FileManifestEntry>

/** The fields of a path that differ between two roots. `null` if one of them does not have it. */
export interface Difference {
  path: string
  fields: Partial<Record<Field, readonly [expected: string | null, actual: string | null]>>
}

/**
 * Parses the output of `scripts/file-manifest.mjs`: one line of JSON per path.
 *
 * `links` replaces inode numbers, which are not comparable: it lists the other names of the same file. A file whose other names are not
 * in the root has none.
 *
 * @throws RunnerImagesError BUILD_FAILED when a line cannot be parsed, a path is listed twice, or the root itself is missing
 */
export function parseFileManifest(text: string): FileManifest {
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map(parseLine)
  const groups = new Map<string, string[]>()
  for (const { inode, path } of lines)
    if (inode !== undefined) groups.set(inode, [...(groups.get(inode) ?? []), path].sort())
  const manifest = new Map<string, FileManifestEntry>()
  for (const { path, inode, size, xattrs, ...rest } of lines) {
    if (manifest.has(path)) throw unreadable(`it lists ${path} twice`)
    const linked = inode === undefined ? [] : (groups.get(inode) ?? []).filter((other) => other !== path)
    const entry: Record<string, string | undefined> = {
      presence: "there",
      ...rest,
      size: size?.toString(),
      xattrs: xattrs?.join(" "),
      links: linked.length === 0 ? undefined : linked.join(" "),
    }
    manifest.set(path, Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)))
  }
  // Two empty manifests would be equal but prove nothing.
  if (!manifest.has("/")) throw unreadable("the root itself is missing")
  return manifest
}

function parseLine(line: string): z.infer<typeof lineSchema> {
  try {
    return lineSchema.parse(JSON.parse(line))
  } catch (cause) {
    throw unreadable(`a line is "${line.slice(0, 200)}"`, cause)
  }
}

function unreadable(why: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError(
    "BUILD_FAILED",
    `The list of a root's files cannot be read: ${why}.`,
    "Please report it.",
    { cause },
  )
}

/** Every path that is not the same in both, in order, with the fields that differ. */
export function compareFileManifests(expected: FileManifest, actual: FileManifest): Difference[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort()
  return paths.flatMap((path) => {
    const [one, other] = [expected.get(path), actual.get(path)]
    const differing = FIELDS.filter((field) => one?.[field] !== other?.[field])
      // If one root lacks a path, all fields differ; reporting its presence is enough.
      .filter((field) => (one && other) || field === "presence" || field === "type")
      .map((field) => [field, [one?.[field] ?? null, other?.[field] ?? null]] as const)
    return differing.length === 0 ? [] : [{ path, fields: Object.fromEntries(differing) }]
  })
}

/** A difference that is not due to the install method, because two emulated installations also have it. */
export interface AllowedDifference {
  /** Exactly this path, never anything below it. */
  path: string
  /** The fields that may differ. */
  fields: Field[]
  reason: string
}

const allowListSchema = z.array(
  z.strictObject({
    path: z
      .string()
      .regex(/^\/.*[^/]$/s, "must be the absolute path of one file")
      .refine((path) => !path.includes("*"), "must be one path, not a pattern"),
    fields: z.array(z.enum(FIELDS)).nonempty(),
    reason: z.string().trim().min(1),
  }),
)

/**
 * Parses the allow-list.
 *
 * @throws RunnerImagesError ALLOW_LIST_INVALID when it is not JSON, does not match the schema, or names a path twice
 */
export function parseAllowList(text: string): AllowedDifference[] {
  return readAllowList(text, allowListSchema, {
    list: "list of allowed differences",
    remedy: "Fix it, or regenerate it with runner-images parity --update-allow-list.",
    nameOf: ({ path }) => path,
  })
}

/** The allow-list's text, in the project's formatting. */
export function allowListText(allowed: readonly AllowedDifference[]): string {
  const json = JSON.stringify(allowed, null, 2)
  return `${json.replace(/\[\s+("[a-z0-9]+"(?:,\s+"[a-z0-9]+")*)\s+\]/g, (_, fields: string) => `[${fields.replace(/,\s+/g, ", ")}]`)}\n`
}

export interface Judged {
  /** The remaining fields, which nothing suppresses. */
  differences: Difference[]
  /** The fields that the allow-list suppresses. */
  suppressed: Difference[]
  /** Entries, and fields of entries, that suppressed nothing. */
  unused: AllowedDifference[]
}

/** Removes the fields that the allow-list suppresses: exactly the named fields of exactly the named paths. */
export function suppress(differences: readonly Difference[], allowed: readonly AllowedDifference[]): Judged {
  const byPath = new Map(allowed.map((entry) => [entry.path, entry]))
  const found = new Map(differences.map((difference) => [difference.path, difference]))
  const only = (which: (path: string, field: Field) => boolean) =>
    differences.flatMap(({ path, fields }): Difference[] => {
      const kept = FIELDS.filter((field) => fields[field] && which(path, field))
      return kept.length === 0
        ? []
        : [{ path, fields: Object.fromEntries(kept.map((field) => [field, fields[field]])) }]
    })
  const isAllowed = (path: string, field: Field) => byPath.get(path)?.fields.includes(field) ?? false
  return {
    differences: only((path, field) => !isAllowed(path, field)),
    suppressed: only(isAllowed),
    unused: allowed.flatMap((entry) => {
      const fields = entry.fields.filter((field) => !found.get(entry.path)?.fields[field])
      return fields.length === 0 ? [] : [{ ...entry, fields }]
    }),
  }
}

/**
 * The allow-list after a comparison of two emulated installations: it may only contain what differs between these. Entries for the
 * compared paths are regenerated, keeping their reasons; those for paths of other package sets stay.
 *
 * @param paths every path that was compared
 */
export function renewAllowList(
  allowed: readonly AllowedDifference[],
  differences: readonly Difference[],
  paths: ReadonlySet<string>,
): AllowedDifference[] {
  const reasons = new Map(allowed.map(({ path, reason }) => [path, reason]))
  const renewed = differences.map(({ path, fields }) => ({
    path,
    fields: FIELDS.filter((field) => fields[field]),
    reason: reasons.get(path) ?? "differs between two emulated installations",
  }))
  return [...allowed.filter(({ path }) => !paths.has(path)), ...renewed].sort((a, b) => (a.path < b.path ? -1 : 1))
}
