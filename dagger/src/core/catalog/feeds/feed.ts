import type { z } from "zod"
import type { PlatformName } from "../../platforms.js"
import type { VendorAccess } from "../vendor-access.js"

/** A version that a vendor has published. */
export interface VendorRelease {
  version: string
  /** The day, `2026-11-13`, or `unknown`. */
  released: string
  /** The platforms that it has a file for, with that file's checksum or `unknown`. */
  files: Partial<Record<PlatformName, string>>
}

/** Where a vendor tells of its releases. Methods reject with an Error when the vendor does not answer, or not as it used to. */
export interface Feed {
  /** Finished releases, in no particular order: previews and candidates are left out. */
  releases(access: VendorAccess): Promise<VendorRelease[]>
  /** {@link checksum} is what was downloaded, because the vendor publishes none. */
  hashes?: true
  /** The checksum of one platform's file, where {@link releases} did not tell it. */
  checksum(access: VendorAccess, version: string, platform: PlatformName): Promise<string>
}

/** A version that is finished: numbers alone. */
export const FINISHED = /^\d+(\.\d+){1,3}$/

/** `dayOf("2026-09-01T20:03:23Z")` ⇒ `"2026-09-01"` */
export function dayOf(time: string | null | undefined): string {
  return /^\d{4}-\d\d-\d\d/.exec(time ?? "")?.[0] ?? "unknown"
}

/** Reads what a vendor answered. */
export function readAnswer<Value>(schema: z.ZodType<Value>, text: string, from: string): Value {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (error) {
    throw new Error(`${from} did not answer with JSON`, { cause: error })
  }
  const result = schema.safeParse(given)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Error(
    `${from} answered with something else than before: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  )
}
