import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { startFiles } from "../../../../dagger/src/core/oci/start-files.js"

const recorded = (...paths: string[]) => JSON.stringify(paths)

it("paths stay as they are and in their order, folders too, each once", () => {
  expect(startFiles(recorded("/usr/bin/env", "/home/runner/bin/", "/etc/passwd", "/usr/bin/env"))).toEqual([
    "/usr/bin/env",
    "/home/runner/bin/",
    "/etc/passwd",
  ])
})

it("a platform's name stands for every platform's, whichever are built", () => {
  expect(startFiles(recorded("/usr/lib/ARCH-linux-gnu/libc.so.6"))).toEqual(
    expect.arrayContaining(["/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/aarch64-linux-gnu/libc.so.6"]),
  )
  expect(startFiles(recorded("/usr/share/SEARCH"))).toEqual(["/usr/share/SEARCH"])
})

it("a path can have a platform in two spellings, but never two platforms", () => {
  const paths = startFiles(recorded("/usr/lib/ARCH-linux-gnu/ld-linux-ARCH.so.2"))
  expect(paths).toContain("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
  expect(paths.filter((path) => /x86.*aarch64|aarch64.*x86/.test(path))).toEqual([])
})

it.each([
  ["no list", "{}"],
  ["a relative path", recorded("usr/bin/env")],
  ["no JSON", "/usr/bin/env"],
])("is refused: %s", (_case, text) => {
  expect(() => startFiles(text)).toThrow("start-files.json")
})

it("the project's own list names what every start opens, and nothing of one machine or start", () => {
  const paths = startFiles(
    readFileSync(new URL("../../../../dagger/src/core/oci/start-files.json", import.meta.url), "utf8"),
  )
  for (const path of ["/entrypoint.sh", "/usr/local/bin/node", "/home/runner/bin/", "/home/runner/run.sh"])
    expect(paths).toContain(path)
  expect(paths.filter((path) => /^\/(proc|sys|dev|tmp|run)\//.test(path))).toEqual([])
})
