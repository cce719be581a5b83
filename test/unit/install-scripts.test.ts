import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { ROOT } from "./cli/command-line.js"

const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n").filter(Boolean)
const text = (name: string) => readFileSync(join(ROOT, name), "utf8")

/**
 * Packages that would run something when they are installed, all of which do without. esbuild's script only replaces a small starter by the
 * program that its package for this platform has; protobufjs' warns of version ranges.
 */
const DO_WITHOUT = ["esbuild", "protobufjs"]

it("no dependency needs its install scripts", () => {
  const locks = files.filter((name) => name.endsWith("package-lock.json"))
  expect(locks.length).toBeGreaterThan(3)
  const found = locks.flatMap((name) => {
    const { packages } = JSON.parse(text(name)) as { packages: Record<string, { hasInstallScript?: boolean }> }
    return Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript ? [path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)] : [],
    )
  })
  expect([...new Set(found)].sort()).toEqual(DO_WITHOUT)
})

it("npm installs nothing of a lock with them", () => {
  const sources = files.filter(
    (name) =>
      /(\.sh|\.ts|\.go|\.mjs|Dockerfile|Jenkinsfile|\.ci\/run|\.ya?ml)$/.test(name) && !name.startsWith("test/"),
  )
  const lines = sources.flatMap((name) =>
    text(name)
      .split("\n")
      .filter((line) => /npm["',\s]+(ci|install)\b/.test(line) && !/^\s*(#|\/\/)/.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  )
  expect(lines.length).toBeGreaterThan(3)
  // What a smoke test makes in a container and installs there is not of a registry.
  expect(lines.filter((line) => !/--ignore-scripts|--offline/.test(line))).toEqual([])
})

it.each([".npmrc", "dagger/.npmrc"])("nor does who calls it by hand: %s", (name) => {
  expect(text(name)).toMatch(/^ignore-scripts=true$/m)
})
