import { createHash } from "node:crypto"
import xz from "xz-decompress"
import { gunzipSync } from "node:zlib"
import {
  archiveInvalid,
  newestOffered,
  parseSuiteRelease,
  type OfferedPackage,
  type ReleasedFile,
  type SuiteRelease,
} from "../../dagger/src/core/packages/security-index.js"
import type { SecuritySuite } from "../../dagger/src/core/variants/bases.js"
import type { TrustedKey } from "../signatures/keys.js"
import { verifiedText } from "../signatures/openpgp.js"

/** Bytes; the largest Release file has about an eighth of a megabyte. */
const LONGEST_RELEASE = 8e6
/** Bytes; the largest index of a security archive has about eight megabytes. */
const LONGEST_INDEX = 512e6

/**
 * Downloads a file.
 *
 * @param mostBytes fails if the file has more
 * @throws Error whose message says what went wrong
 */
export type FetchFile = (url: string, mostBytes: number) => Promise<Buffer>

/** A suite of the archive, as it is now. */
export interface SecurityArchive {
  release: SuiteRelease
  /** The fingerprint of the key that signed it. */
  key: string
  /** The newest packages of one architecture, by name. */
  offered: Map<string, OfferedPackage>
}

export interface ArchiveQuestion {
  suite: SecuritySuite
  /** Those that sign its Release file. */
  keys: readonly TrustedKey[]
  /** Debian's name. */
  architecture: string
  now: Date
  /** ISO 8601: the suite was at least as new when an image was built from it. */
  lastSeen?: string | undefined
}

/**
 * Reads a security suite. Its Release file is signed, and has the checksums of everything else.
 *
 * @throws RunnerImagesError SIGNATURE_INVALID or ARCHIVE_INVALID; what `fetch` throws
 */
export async function readSecurityArchive(
  { suite, keys, architecture, now, lastSeen }: ArchiveQuestion,
  fetch: FetchFile,
): Promise<SecurityArchive> {
  const at = `${suite.url}/InRelease`
  const signed = (await fetch(at, LONGEST_RELEASE)).toString("utf8")
  const { text, key } = await verifiedText(signed, keys, at, now)
  const release = parseSuiteRelease(text, at)
  assertCurrent(release, at, now, lastSeen)
  const texts = await Promise.all(
    suite.components.map((component) => readIndex(suite.url, `${component}/binary-${architecture}`, release, fetch)),
  )
  return { release, key, offered: newestOffered(texts) }
}

/** Whoever serves an old Release file again hides what was fixed since. */
function assertCurrent({ date, validUntil }: SuiteRelease, from: string, now: Date, lastSeen: string | undefined) {
  if (validUntil !== undefined && Date.parse(validUntil) < now.getTime())
    throw archiveInvalid(from, `it is of ${date} and was valid until ${validUntil}`)
  if (lastSeen !== undefined && Date.parse(date) < Date.parse(lastSeen))
    throw archiveInvalid(from, `it is of ${date}, but the image was built from a newer one, of ${lastSeen}`)
}

/** Debian has no other compression than xz; other archives have gzip too. */
const COMPRESSIONS: readonly { ending: string; unpack: (packed: Buffer, mostBytes: number) => Promise<Buffer> }[] = [
  { ending: ".xz", unpack: unxz },
  { ending: ".gz", unpack: (packed, most) => Promise.resolve(gunzipSync(packed, { maxOutputLength: most })) },
  { ending: "", unpack: (packed) => Promise.resolve(packed) },
]

async function readIndex(url: string, folder: string, release: SuiteRelease, fetch: FetchFile): Promise<string> {
  const plain = release.files.get(`${folder}/Packages`)
  for (const { ending, unpack } of COMPRESSIONS) {
    const path = `${folder}/Packages${ending}`
    const file = release.files.get(path)
    if (!file) continue
    const at = `${url}/${release.byHash ? `${folder}/by-hash/SHA256/${file.sha256}` : path}`
    if (Math.max(file.size, plain?.size ?? 0) > LONGEST_INDEX) throw archiveInvalid(at, "it is too large")
    const packed = await fetch(at, file.size)
    assertReleased(packed, file, at)
    let unpacked: Buffer
    try {
      unpacked = await unpack(packed, plain?.size ?? LONGEST_INDEX)
    } catch (error) {
      throw archiveInvalid(at, `it cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (plain) assertReleased(unpacked, plain, at)
    return unpacked.toString("utf8")
  }
  throw archiveInvalid(`${url}/InRelease`, `it has no ${folder}/Packages`)
}

function assertReleased(content: Buffer, { sha256, size }: ReleasedFile, from: string): void {
  if (content.length === size && createHash("sha256").update(content).digest("hex") === sha256) return
  throw archiveInvalid(from, "it is not the file that the signed Release file names")
}

async function unxz(packed: Buffer, mostBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of new xz.XzReadableStream(new Blob([new Uint8Array(packed)]).stream())) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error("it is larger than the Release file says")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
