import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { pipeline } from "node:stream/promises"

/** Up to this size a file is read in one piece: streams take ten times as long for a small one. */
const SMALL_BYTES = 1 << 20

/** A file's SHA-256 in hexadecimal, whatever its size. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256")
  if ((await stat(path)).size <= SMALL_BYTES) return hash.update(await readFile(path)).digest("hex")
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest("hex")
}
