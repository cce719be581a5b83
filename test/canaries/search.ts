import {
  createReadStream,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  closeSync,
} from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip, gunzipSync } from "node:zlib"
import type { Canaries, Canary } from "./canaries.js"
import { namedForms } from "./forms.js"
import { TarNames } from "./tar-names.js"

/** A canary that was found. */
export interface Sighting {
  /** The canary. */
  readonly what: string
  /** `base64, one byte later` */
  readonly form: string
  readonly where: string
}

/** Bytes. Every document of an image is shorter, and nearly every layer longer. */
const DOCUMENT = 16 * 2 ** 20
/** How often something is encoded, at most. */
const DEPTH = 4
/** Bytes of the decoded text that is worth looking at: every canary is longer. */
const SHORTEST = 24

const BASE64 = /[A-Za-z0-9+/_-]{32,}/g
const GZIP = Buffer.from([0x1f, 0x8b, 0x08])
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

interface Needle {
  readonly canary: Canary
  readonly form: string
  readonly bytes: Buffer
}

/**
 * Looks for canaries in everything: files, their names, compressed layers with the files that upper layers delete, and what is encoded inside of
 * documents. What cannot be read is an error and not an empty answer.
 */
export class CanarySearch {
  private readonly needles: readonly Needle[]
  /** What a first look is for: the part that texts have in common, and everything that does not have it. */
  private readonly first: readonly Buffer[]
  private readonly overlap: number
  /** Files, and what was found in compressed ones. */
  searched = { files: 0, bytes: 0 }

  /** @param document bytes up to which a file is also searched for what is wrapped into lines and encoded more than once */
  constructor(
    { mark, all }: Canaries,
    private readonly document = DOCUMENT,
  ) {
    this.needles = all.flatMap((canary) =>
      [...namedForms(canary.bytes)].map(([form, bytes]) => ({ canary, form, bytes })),
    )
    const others = this.needles.filter(({ canary }) => !canary.bytes.includes(mark))
    this.first = [...namedForms(Buffer.from(mark)).values(), ...others.map(({ bytes }) => bytes)]
    this.overlap = Math.max(...this.needles.map(({ bytes }) => bytes.length), 1)
  }

  /** Everything below a folder; or a file. */
  async path(path: string, where = path): Promise<Sighting[]> {
    const status = lstatSync(path)
    if (status.isSymbolicLink()) return this.text(`${where}, its target`, readlinkSync(path))
    if (status.isFile()) return this.file(path, where)
    if (!status.isDirectory()) return []
    const found: Sighting[] = []
    for (const name of readdirSync(path)) {
      found.push(
        ...this.text(`${where}, a name in it`, name),
        ...(await this.path(join(path, name), `${where}/${name}`)),
      )
    }
    return found
  }

  text(where: string, text: string): Sighting[] {
    const data = Buffer.from(text)
    return unique([...this.plain(where, data), ...this.decoded(where, data, 0)])
  }

  /** A file from some byte on. */
  async file(path: string, where = path, start = 0): Promise<Sighting[]> {
    if (!existsSync(path)) throw new Error(`${path} is not there`)
    const magic = beginning(path, start)
    if (magic.subarray(0, 4).equals(ZSTD))
      throw new Error(`${path} is compressed by zstd, which this search cannot read`)
    const stream = createReadStream(path, { start, highWaterMark: 2 ** 20 })
    const isCompressed = magic.subarray(0, 3).equals(GZIP)
    return this.stream(isCompressed ? `${where}, unpacked` : where, stream, isCompressed)
  }

  private async stream(where: string, stream: Readable, isCompressed: boolean): Promise<Sighting[]> {
    const found: Sighting[] = []
    const names = new TarNames()
    const pieces: Buffer[] = []
    let bytes = 0
    let rest = Buffer.alloc(0)
    const look = async (read: AsyncIterable<Buffer>): Promise<void> => {
      for await (const piece of read) {
        const window = Buffer.concat([rest, piece])
        names.read(piece)
        const entry = names.entry === undefined ? "" : `: ${names.entry}`
        found.push(...this.plain(`${where}${entry}`, window))
        rest = window.subarray(Math.max(0, window.length - this.overlap + 1))
        bytes += piece.length
        if (bytes <= this.document) pieces.push(piece)
      }
    }
    if (isCompressed) await pipeline(stream, createGunzip(), look)
    else await pipeline(stream, look)
    this.searched.files += 1
    this.searched.bytes += bytes
    if (bytes <= this.document) found.push(...this.decoded(where, Buffer.concat(pieces), 0))
    return unique(found)
  }

  /** What a document hides: text that is wrapped into lines, and base64 of anything, a compressed file included. */
  private decoded(where: string, data: Buffer, depth: number): Sighting[] {
    if (depth > 0 && data.subarray(0, 3).equals(GZIP)) {
      const unpacked = unpack(data)
      if (unpacked)
        return [
          ...this.plain(`${where}, unpacked`, unpacked),
          ...this.decoded(`${where}, unpacked`, unpacked, depth + 1),
        ]
    }
    if (depth >= DEPTH) return []
    const text = data.toString("latin1")
    const joined = text.replaceAll(/\\r|\\n|[\r\n]/g, "").replaceAll(/[ \t]{2,}/g, "")
    const found =
      joined.length === text.length
        ? []
        : this.plain(`${where}, without its line breaks`, Buffer.from(joined, "latin1"))
    const runs = new Set([...(text.match(BASE64) ?? []), ...(joined.match(BASE64) ?? [])])
    for (const run of runs) {
      const inner = Buffer.from(run, "base64")
      if (inner.length < SHORTEST) continue
      found.push(...this.plain(`${where}, decoded`, inner), ...this.decoded(`${where}, decoded`, inner, depth + 1))
    }
    return found
  }

  private plain(where: string, data: Buffer): Sighting[] {
    if (!this.first.some((needle) => data.includes(needle))) return []
    const hits = this.needles.filter(({ bytes }) => data.includes(bytes))
    // A part of one that was cut off is one as well.
    if (hits.length === 0) return [{ what: "part of a canary", form: "any", where }]
    return hits.map(({ canary: { what }, form }) => ({ what, form, where }))
  }
}

function beginning(path: string, start: number): Buffer {
  const descriptor = openSync(path, "r")
  try {
    const bytes = Buffer.alloc(4)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, 4, start))
  } finally {
    closeSync(descriptor)
  }
}

function unpack(data: Buffer): Buffer | undefined {
  try {
    return gunzipSync(data, { maxOutputLength: DOCUMENT })
  } catch {
    return undefined // It only began as one does.
  }
}

function unique(found: readonly Sighting[]): Sighting[] {
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()]
}
