import { execFileSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  copyConfiguration,
  isConfigured,
  removeConfiguration,
} from "../../../docker/runtime/src/runner/configuration-files.js"
import { writeJitConfiguration } from "../../../docker/runtime/src/runner/jit.js"
import { failureOf } from "../github/scripted-server.js"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-files-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(...names: string[]): void {
  for (const name of names) writeFileSync(join(folder, name), `text of ${name}`)
}

describe("what a killed runner left", () => {
  it("is removed, and nothing else", () => {
    write(
      "run.sh",
      ".runner",
      ".runner_migrated",
      ".credentials",
      ".credentials_migrated",
      ".credentials_rsaparams",
      ".env",
      ".path",
    )
    expect(isConfigured(folder)).toBe(true)
    expect(removeConfiguration(folder)).toMatchInlineSnapshot(`
      [
        ".runner",
        ".runner_migrated",
        ".credentials_rsaparams",
        ".credentials_migrated",
        ".credentials",
      ]
    `)
    expect(isConfigured(folder)).toBe(false)
    expect(readdirSync(folder).sort()).toEqual([".env", ".path", "run.sh"])
  })

  it("may be half of it", () => {
    write(".runner_migrated")
    expect(isConfigured(folder)).toBe(true)
    expect(removeConfiguration(folder)).toEqual([".runner_migrated"])
    expect(removeConfiguration(folder)).toEqual([])
  })
})

describe("a configuration that is kept", () => {
  it("is copied whole, secrets for its owner alone", () => {
    write("run.sh", ".runner", ".credentials", ".credentials_rsaparams")
    const kept = join(folder, "kept/here")
    expect(copyConfiguration(folder, kept)).toBe(true)
    expect(
      Object.fromEntries(
        readdirSync(kept)
          .sort()
          .map((name) => [name, (statSync(join(kept, name)).mode & 0o777).toString(8)]),
      ),
    ).toMatchInlineSnapshot(`
      {
        ".credentials": "600",
        ".credentials_rsaparams": "600",
        ".runner": "644",
      }
    `)
    expect(readFileSync(join(kept, ".runner"), "utf8")).toBe("text of .runner")
  })

  it("is none without .runner", () => {
    write(".credentials")
    expect(copyConfiguration(folder, join(folder, "kept"))).toBe(false)
  })
})

describe("what a job has put in the place of a configuration's file", () => {
  const precious = (): string => join(folder, "precious")
  const encoded = Buffer.from(
    JSON.stringify({ ".runner": Buffer.from("new").toString("base64"), ".credentials": "" }),
  ).toString("base64")

  it.each<[string, (path: string) => void]>([
    ["a link", (path) => symlinkSync(precious(), path)],
    ["a link to nothing", (path) => symlinkSync(join(folder, "made"), path)],
    ["a folder", (path) => mkdirSync(join(path, "with"), { recursive: true })],
    ["a pipe", (path) => execFileSync("mkfifo", [path])],
  ])("is removed and never written to: %s", (_, make) => {
    writeFileSync(precious(), "precious")
    make(join(folder, ".runner"))
    expect(isConfigured(folder)).toBe(true)
    writeJitConfiguration(folder, encoded)
    expect(readFileSync(join(folder, ".runner"), "utf8")).toBe("new")
    expect(lstatSync(join(folder, ".runner")).isFile()).toBe(true)
    expect([existsSync(join(folder, "made")), readFileSync(precious(), "utf8")]).toEqual([false, "precious"])
  })

  it.each<[string, (path: string) => void, string]>([
    ["a link", (path) => symlinkSync(precious(), path), "is a link"],
    ["an endless file", (path) => symlinkSync("/dev/zero", path), "is a link"],
    ["a pipe", (path) => execFileSync("mkfifo", [path]), "is no regular file"],
    [
      "a huge file",
      (path) => {
        writeFileSync(path, "")
        truncateSync(path, 2 ** 33)
      },
      "is longer than 65536 bytes",
    ],
  ])("is not copied: %s", async (_, make, why) => {
    writeFileSync(precious(), "precious")
    const from = join(folder, "from")
    mkdirSync(from)
    writeFileSync(join(from, ".runner"), "{}")
    make(join(from, ".credentials"))
    write(".runner")
    const failure = await failureOf(Promise.resolve().then(() => copyConfiguration(from, folder)))
    expect(failure.replaceAll(folder, "")).toBe(
      `CONFIGURATION: the kept configuration cannot be used: /from/.credentials ${why} | Empty /from; the runner is then registered again.`,
    )
    expect(readFileSync(join(folder, ".runner"), "utf8")).toBe("text of .runner")
  })
})

describe("just-in-time", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const encoded = (files: Record<string, unknown>) => base64(JSON.stringify(files))

  it("is written as files for the owner alone", () => {
    write(".runner_migrated")
    writeJitConfiguration(
      folder,
      encoded({
        ".runner": base64('\ufeff{"agentName":"jit","agentId":7}'),
        ".credentials": base64("c"),
        ".credentials_rsaparams": base64("k"),
      }),
    )
    expect(
      Object.fromEntries(
        readdirSync(folder)
          .sort()
          .map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
      ),
    ).toMatchInlineSnapshot(`
      {
        ".credentials": "600",
        ".credentials_rsaparams": "600",
        ".runner": "600",
      }
    `)
    expect(readFileSync(join(folder, ".runner"), "utf8")).toBe('\ufeff{"agentName":"jit","agentId":7}')
    expect(readFileSync(join(folder, ".credentials_rsaparams"), "utf8")).toBe("k")
  })

  it.each([
    ["", "nothing"],
    ["not base64!", "no base64"],
    [base64("[]"), "no object"],
    [encoded({ ".runner": 5 }), "no text"],
    [encoded({ ".runner": base64("{}"), "../../etc/passwd": base64("x") }), "a path"],
    [encoded({ ".runner": base64("{}"), "run.sh": base64("x") }), "a program"],
    [encoded({ ".credentials": base64("x") }), "no .runner"],
  ])("that is damaged is told: %#", async (text) => {
    expect(await failureOf(Promise.resolve().then(() => writeJitConfiguration(folder, text)))).toMatchSnapshot()
    expect(readdirSync(folder)).toEqual([])
  })
})
