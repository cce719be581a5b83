import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { NOT_FOR_IMAGES } from "../../src/input/host-inputs.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

const sources = ["src", "dagger/src", "docker/runtime/src"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(ROOT, folder, name)),
)
const text = (path: string) => readFileSync(path, "utf8")

describe("the sources", () => {
  it("name architectures in the platform table only", () => {
    // As a value, that is: an example in a help text may well say which command builds what.
    const naming = /["'`](?:linux\/)?(?:amd64|arm64|x86_64|aarch64|x64)["'`]/
    const named = sources.filter((path) => naming.test(text(path)))
    expect(named.map((path) => relative(ROOT, path))).toEqual(["dagger/src/core/platforms.ts"])
  })

  it("keep what people have in docker/ beside the images' files away from engines and builders, through every entry point", () => {
    const module = text(join(ROOT, "dagger/src/index.ts"))
    const ignored = [...module.matchAll(/defaultPath: "\.\/docker"(.*?) }/g)].map(([, rest]) => rest)
    const wanted = `, ignore: [${NOT_FOR_IMAGES.map((path) => JSON.stringify(path)).join(", ")}]`
    expect(new Set(ignored)).toEqual(new Set([wanted]))
    expect(text(join(ROOT, "docker/.dockerignore")).trim().split("\n")).toEqual([...NOT_FOR_IMAGES])
  })

  it("have no dag.host() in the module, where it does not exist", () => {
    const module = sources.filter((path) => path.includes("/dagger/src/"))
    const used = module.flatMap((path) => [...text(path).matchAll(/\bdag\s*\.(\w+)/g)].map(([, name]) => name))
    expect(used).toContain("directory")
    expect(used).not.toContain("host")
  })

  it("of the runtime are in folders that docs/ARCHITECTURE.md has, and it has no others", () => {
    const [, table = ""] =
      /^\| Folder of `src\/` .*\n\|[- |]+\|\n((?:\|.*\n)+)/m.exec(text(join(ROOT, "docs/ARCHITECTURE.md"))) ?? []
    const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([^`]+)\/`/g)].map(([, name]) => name),
    )
    const folders = readdirSync(join(ROOT, "docker/runtime/src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    expect(documented.sort()).toEqual(folders.sort())
  })
})
