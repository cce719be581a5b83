// png-pixels.mjs FILE X,Y …: prints the size of a picture and the colours at some points. Decodes what browsers write: 8 bits a
// channel, RGB with or without alpha, not interlaced.
import { readFileSync } from "node:fs"
import { inflateSync } from "node:zlib"

const [file = "", ...points] = process.argv.slice(2)
const png = readFileSync(file)
if (png.toString("latin1", 1, 4) !== "PNG") throw new Error(`${file} is not a PNG file`)

/** @type {Buffer[]} */
const data = []
for (let offset = 8; offset < png.length;) {
  const length = png.readUInt32BE(offset)
  if (png.toString("latin1", offset + 4, offset + 8) === "IDAT")
    data.push(png.subarray(offset + 8, offset + 8 + length))
  offset += length + 12
}
const [width, height, depth, colour, interlaced] = [
  png.readUInt32BE(16),
  png.readUInt32BE(20),
  png[24],
  png[25],
  png[28],
]
const channels = colour === 6 ? 4 : 3
if (depth !== 8 || (colour !== 6 && colour !== 2) || interlaced !== 0)
  throw new Error("a kind of PNG that browsers do not write")

const lines = inflateSync(Buffer.concat(data))
const stride = width * channels
const pixels = Buffer.alloc(stride * height)
/** The filters of the PNG specification, 9.2: what a byte was predicted from. */
const predictors = [
  () => 0,
  (/** @type {number} */ left) => left,
  (/** @type {number} */ _, /** @type {number} */ up) => up,
  (/** @type {number} */ left, /** @type {number} */ up) => (left + up) >> 1,
  (/** @type {number} */ left, /** @type {number} */ up, /** @type {number} */ corner) => {
    const guess = left + up - corner
    const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
    return a <= b && a <= c ? left : b <= c ? up : corner
  },
]
for (let y = 0; y < height; y++) {
  const predict = predictors[lines[y * (stride + 1)] ?? 0]
  if (!predict) throw new Error("a filter that PNG does not have")
  for (let x = 0; x < stride; x++) {
    const at = (/** @type {number} */ dx, /** @type {number} */ dy) =>
      x - dx < 0 || y - dy < 0 ? 0 : (pixels[(y - dy) * stride + x - dx] ?? 0)
    pixels[y * stride + x] =
      (lines[y * (stride + 1) + 1 + x] ?? 0) + predict(at(channels, 0), at(0, 1), at(channels, 1))
  }
}

const colours = points.map((point) => {
  const [x = 0, y = 0] = point.split(",").map(Number)
  const start = y * stride + x * channels
  return pixels.toString("hex", start, start + 3)
})
console.log([`${width}x${height}`, ...colours].join(" "))
