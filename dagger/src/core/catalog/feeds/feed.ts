import type { z } from "zod"
import type { PlatformName } from "../../platforms.js"
import { firstIssue } from "../../text/json.js"
import { RunnerImagesError } from "../../errors.js"
import type { Signature } from "../verification.js"
import type { PinningAccess, VendorAccess } from "../vendor-access.js"

/** A version that a vendor has published. */
export interface VendorRelease {
  version: string
  /** The day, `2026-11-13`, or `unknown`. */
  released: string
  /** The platforms for which it has a file, with that file's checksum or `unknown`. */
  files: Partial<Record<PlatformName, string>>
}

/** Where a vendor lists its releases. Methods reject with an Error when the vendor does not answer, or answers in an unknown format. */
export interface Feed {
  /** Finished releases, in no particular order: previews and candidates are left out. */
  releases(access: VendorAccess): Promise<VendorRelease[]>
  /** {@link checksum} is that of a download, because the vendor publishes none. */
  hashes?: true
  /** The checksum of one platform's file, if {@link releases} did not give it. */
  checksum(access: VendorAccess, version: string, platform: PlatformName): Promise<string>
  /**
   * By whose signature the files of a version are verified. Undefined if nobody has signed them, or nobody whose key is known. Also rejects
   * with RunnerImagesError SIGNATURE_INVALID: a signature does not fit, or is of another file.
   */
  signature?(access: PinningAccess, version: string, checksums: Checksums): Promise<Signature | undefined>
}

export type Checksums = Readonly<Record<PlatformName, string>>

/** The error of a file whose checksum is not the one that is signed. */
export function otherChecksum(name: string, given: string, signed: string, from: string): RunnerImagesError {
  return new RunnerImagesError(
    "SIGNATURE_INVALID",
    `The checksum of ${name} is ${given}, but ${from} has a signature for ${signed}.`,
    "Find out why before you pin it: somebody may have replaced the file.",
  )
}

/** A final version: only numbers, without a preview suffix. */
export const FINISHED = /^\d+(\.\d+){1,3}$/

/** `dayOf("2026-09-01T20:03:23Z")` ⇒ `"2026-09-01"` */
export function dayOf(time: string | null | undefined): string {
  return /^\d{4}-\d\d-\d\d/.exec(time ?? "")?.[0] ?? "unknown"
}

/** Parses a vendor's answer. */
export function readAnswer<Value>(schema: z.ZodType<Value>, text: string, from: string): Value {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (error) {
    throw new Error(`${from} did not return JSON`, { cause: error })
  }
  const result = schema.safeParse(given)
  if (result.success) return result.data
  throw new Error(`${from} returned an unexpected answer: ${firstIssue(result.error)}`)
}
