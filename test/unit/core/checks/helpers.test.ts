import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
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

describe("webdriver.mjs", () => {
  /** A driver that answers like a real one whose browser shows the page, except to its first sessions. */
  const DRIVER = `#!/usr/bin/env node
import { createServer } from "node:http"
import { appendFileSync, readFileSync } from "node:fs"
const log = process.env.DRIVER_LOG
appendFileSync(log, "started\\n")
const hangs = readFileSync(log, "utf8").split("\\n").length - 1 <= Number(process.env.DRIVER_HANGS)
const server = createServer((request, response) => {
  const path = request.url.replace(/^\\/session\\/1/, "")
  const message = process.env.DRIVER_PROBLEM ?? "session not created: timed out"
  const fails = hangs && path === "/session"
  const values = {
    "/session": { sessionId: "1", capabilities: { browserVersion: "1.2", chrome: { chromedriverVersion: "1.2 (x)" } } },
    "/title": "a title",
    "/element": { "element-6066-11e4-a52e-4f735466cecf": "e" },
    "/element/e/text": "a text",
    "/screenshot": "AAAA",
  }
  response.statusCode = fails ? 500 : 200
  response.end(JSON.stringify({ value: fails ? { error: "e", message } : (values[path] ?? null) }))
})
server.listen(0, "127.0.0.1", () => console.log("ChromeDriver was started successfully on port " + server.address().port + "."))
`

  function drive(environment: Record<string, string>) {
    const cwd = folder()
    writeFileSync(join(cwd, "package.json"), '{"type":"module"}')
    writeFileSync(join(cwd, "chromedriver"), DRIVER, { mode: 0o755 })
    const log = join(cwd, "log")
    const env = { ...process.env, PATH: `${cwd}:${process.env.PATH ?? ""}`, DRIVER_LOG: log, ...environment }
    const run = () =>
      execFileSync("node", [join(HELPERS, "webdriver.mjs"), cwd], { cwd, env, encoding: "utf8", stdio: "pipe" })
    return { run, starts: () => readFileSync(log, "utf8").split("\n").length - 1 }
  }

  it("starts a browser that does not answer again, and again", () => {
    const { run, starts } = drive({ DRIVER_HANGS: "2" })
    expect(run()).toBe("a title, a text: a text\n")
    expect(starts()).toBe(3)
  })

  it("fails at once if the browser's answer is something else", () => {
    const { run, starts } = drive({ DRIVER_HANGS: "1", DRIVER_PROBLEM: "no chrome binary" })
    expect(run).toThrow(/POST \/session: e: no chrome binary/)
    expect(starts()).toBe(1)
  })
})
