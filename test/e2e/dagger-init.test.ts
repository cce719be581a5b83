import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { answer, daggerIn } from "./entry-points.js"

/** `dagger init` looks for the root of a repository. */
const folder = mkdtempSync(join(tmpdir(), "runner-images-init-"))
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8")) as unknown

beforeAll(async () => {
  await execa("git", ["init", "--quiet"], { cwd: folder })
  // Without one, `dagger init` fetches a licence's text from its publisher.
  writeFileSync(join(folder, "LICENSE"), "None.\n")
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe("a TypeScript module begun on this engine", () => {
  it("has every file that it needs, and its function answers", async () => {
    answer(await daggerIn(folder, "init", "--sdk=typescript", "--name=first-2steps", "--source=."))
    expect(read("package.json")).toEqual({ type: "module", dependencies: { typescript: "5.9.3" } })
    expect(read("tsconfig.json")).toMatchObject({
      compilerOptions: { experimentalDecorators: true, paths: { "@dagger.io/dagger": ["./sdk/index.ts"] } },
    })
    expect(existsSync(join(folder, "package-lock.json"))).toBe(true)
    expect(readFileSync(join(folder, "src/index.ts"), "utf8")).toContain("export class First2Steps")
    expect(answer(await daggerIn(folder, "call", "echo", "--text", "It runs.", "stdout"))).toContain("It runs.")
  })

  it("keeps what its author wrote, and gets what is missing from it", async () => {
    const source = readFileSync(join(folder, "src/index.ts"), "utf8").replace("prints a text", "repeats a text")
    writeFileSync(join(folder, "src/index.ts"), source)
    writeFileSync(join(folder, "tsconfig.json"), '{\n  // Ours.\n  "compilerOptions": { "target": "ES2023" }\n}\n')
    rmSync(join(folder, "package.json"))
    rmSync(join(folder, "package-lock.json"))
    answer(await daggerIn(folder, "develop"))
    expect(readFileSync(join(folder, "src/index.ts"), "utf8")).toBe(source)
    expect(read("tsconfig.json")).toMatchObject({
      compilerOptions: {
        target: "ES2023",
        experimentalDecorators: true,
        paths: { "@dagger.io/dagger/telemetry": ["./sdk/telemetry.ts"] },
      },
    })
    expect(existsSync(join(folder, "package-lock.json"))).toBe(true)
  })

  it("runs without either file: nobody has to develop it first", async () => {
    for (const file of ["package.json", "package-lock.json", "tsconfig.json"]) rmSync(join(folder, file))
    expect(answer(await daggerIn(folder, "call", "echo", "--text", "Still.", "stdout"))).toContain("Still.")
  })
})
