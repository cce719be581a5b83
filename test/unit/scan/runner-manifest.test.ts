import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const SCRIPT = readFileSync(new URL("../../../dagger/scripts/runner-manifest.sh", import.meta.url), "utf8")
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "runner-images-runner-"))
})
afterEach(() => {
  rmSync(home, { recursive: true })
})

const run = () => spawnSync("sh", ["-c", SCRIPT], { cwd: home, encoding: "utf8" })
const pathsOf = (manifest: string) =>
  manifest
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(line.indexOf("  ") + 2))

describe("the checksums of the runner's programs", () => {
  it("are of bin, and the scripts and templates beside them, in order, links by their target", () => {
    for (const folder of ["bin/nested", "externals", "_diag", "a.sh"])
      mkdirSync(join(home, folder), { recursive: true })
    const files = [
      "bin/b",
      "bin/B",
      "bin/nested/a b",
      "run.sh",
      "x.sh.template",
      ".env.sh",
      "README",
      ".runner",
      "externals/a",
    ]
    for (const file of files) writeFileSync(join(home, file), file)
    symlinkSync("../bin/b", join(home, "bin/link"))
    symlinkSync("run.sh", join(home, "svc.sh"))
    symlinkSync("nested", join(home, "bin/folder"))
    const { status, stdout, stderr } = run()
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" })
    expect(pathsOf(stdout)).toEqual([
      ".env.sh",
      ...["bin/B", "bin/b", "bin/folder", "bin/link", "bin/nested/a b"],
      ...["run.sh", "svc.sh", "x.sh.template"],
    ])
    expect(stdout.match(/^link:.*$/gm)).toEqual([
      "link:nested  bin/folder",
      "link:../bin/b  bin/link",
      "link:run.sh  svc.sh",
    ])
    const checked = execFileSync("sha256sum", ["--check"], {
      cwd: home,
      encoding: "utf8",
      input: stdout.replaceAll(/^link:.*\n/gm, ""),
    })
    expect(checked.match(/: OK$/gm)).toHaveLength(6)
  })

  it("are of all that the act runner starts", () => {
    cpSync(fileURLToPath(new URL("../../../docker/act-runner/layout", import.meta.url)), home, { recursive: true })
    mkdirSync(join(home, "bin"))
    writeFileSync(join(home, "bin/Runner.Listener"), "")
    symlinkSync("Runner.Listener", join(home, "bin/Runner.Worker"))
    const paths = pathsOf(run().stdout)
    expect(paths).toEqual(
      expect.arrayContaining(["bin/Runner.Listener", "bin/Runner.Worker", "run-helper.sh.template", "run.sh"]),
    )
    expect(paths.filter((path) => path.startsWith("externals/"))).toEqual([])
  })

  it("are not made where there is no bin", () => {
    writeFileSync(join(home, "run.sh"), "")
    expect(run().status).not.toBe(0)
  })

  it.skipIf(process.getuid?.() === 0)("are not made of what cannot be read", () => {
    mkdirSync(join(home, "bin"))
    writeFileSync(join(home, "bin/a"), "")
    chmodSync(join(home, "bin/a"), 0)
    expect(run().status).not.toBe(0)
  })
})
