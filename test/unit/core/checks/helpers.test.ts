import { execFileSync } from "node:child_process"
import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { crc32, deflateSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { temporaryFolder } from "../../temporary-folder.js"

const HELPERS = fileURLToPath(new URL("../../../../dagger/scripts/checks/", import.meta.url))
const folder = () => temporaryFolder("check-helpers")

describe("png-pixels.mjs", () => {
  const WIDTH = 7
  const HEIGHT = 10
  const RED = [0xcc, 0, 0]
  const BLUE = [0, 0x44, 0xcc]
  /** The left four columns are red, the others blue, and every line is a little darker than the one above. */
  const pixel = (x: number, y: number) => (x < 4 ? RED : BLUE).map((value) => Math.max(0, value - 3 * y))
  const expected = (x: number, y: number) => Buffer.from(pixel(x, y)).toString("hex")

  /** A picture whose lines use the filters of PNG one after the other. */
  function picture(channels: 3 | 4): Buffer {
    const bytes = (y: number) =>
      y < 0
        ? Array<number>(WIDTH * channels).fill(0)
        : Array.from({ length: WIDTH }, (_, x) => [...pixel(x, y), 255].slice(0, channels)).flat()
    const paeth = (left: number, up: number, corner: number) => {
      const distances = [left, up, corner].map((value) => Math.abs(left + up - corner - value))
      return [left, up, corner][distances.indexOf(Math.min(...distances))] ?? 0
    }
    const lines = Array.from({ length: HEIGHT }, (_, y) => {
      const [line, above] = [bytes(y), bytes(y - 1)]
      const at = (from: readonly number[], index: number) => from[index] ?? 0
      const filtered = line.map((value, index) => {
        const [left, up, corner] = [at(line, index - channels), at(above, index), at(above, index - channels)]
        return (value - ([0, left, up, (left + up) >> 1, paeth(left, up, corner)][y % 5] ?? 0)) & 0xff
      })
      return Buffer.from([y % 5, ...filtered])
    })
    const chunk = (type: string, data: Buffer) => {
      const body = Buffer.concat([Buffer.from(type, "latin1"), data])
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
      length.writeUInt32BE(data.length)
      sum.writeUInt32BE(crc32(body))
      return Buffer.concat([length, body, sum])
    }
    const header = Buffer.from([0, 0, 0, WIDTH, 0, 0, 0, HEIGHT, 8, channels === 4 ? 6 : 2, 0, 0, 0])
    const data = deflateSync(Buffer.concat(lines))
    return Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      chunk("IHDR", header),
      // Browsers write several of them.
      chunk("IDAT", data.subarray(0, 10)),
      chunk("IDAT", data.subarray(10)),
      chunk("IEND", Buffer.alloc(0)),
    ])
  }

  it.each([3, 4] as const)("undoes every filter of a picture with %d channels", (channels) => {
    const file = join(folder(), "a.png")
    writeFileSync(file, picture(channels))
    const points = Array.from({ length: HEIGHT }, (_, y) => [(y * 3) % WIDTH, y] as const)
    const output = execFileSync("node", [join(HELPERS, "png-pixels.mjs"), file, ...points.map(String)], {
      encoding: "utf8",
    })
    expect(output.trim()).toBe(`7x10 ${points.map(([x, y]) => expected(x, y)).join(" ")}`)
  })

  it("refuses what is no picture", () => {
    const file = join(folder(), "a.png")
    writeFileSync(file, "<html>")
    expect(() => execFileSync("node", [join(HELPERS, "png-pixels.mjs"), file], { stdio: "pipe" })).toThrow(
      /is not a PNG file/,
    )
  })
})

it("make-wheel.py makes a wheel whose record names all its files", () => {
  const cwd = folder()
  execFileSync("python3", [join(HELPERS, "make-wheel.py"), "smoke", "1.2.3"], { cwd })
  const [wheel = ""] = readdirSync(cwd)
  const record = execFileSync(
    "python3",
    [
      "-c",
      `import zipfile; w = zipfile.ZipFile("${wheel}"); print(*[line.split(",")[0] for line in w.read("smoke-1.2.3.dist-info/RECORD").decode().split()] == w.namelist() and w.namelist())`,
    ],
    { cwd, encoding: "utf8" },
  )
  expect({ wheel, record: record.trim() }).toMatchInlineSnapshot(`
    {
      "record": "smoke.py smoke-1.2.3.dist-info/METADATA smoke-1.2.3.dist-info/WHEEL smoke-1.2.3.dist-info/RECORD",
      "wheel": "smoke-1.2.3-py3-none-any.whl",
    }
  `)
})

it("serve.py serves a folder while a command runs, and ends as the command does", () => {
  const cwd = folder()
  writeFileSync(join(cwd, "a"), "served")
  const serve = (command: string) =>
    execFileSync("python3", [join(HELPERS, "serve.py"), command], { cwd, encoding: "utf8", stdio: "pipe" })
  expect(serve('curl -fsS --noproxy "*" "$ADDRESS/a"')).toBe("served")
  expect(() => serve("exit 3")).toThrow(expect.objectContaining({ status: 3 }))
})
