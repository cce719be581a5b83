import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { prepareRunnerFolder } from "../../../docker/runtime/src/runner/folder.js"
import { changedPrograms } from "../../../docker/runtime/src/runner/programs.js"

const ROOT = process.getuid?.() === 0
const OTHER = 4321
const PROGRAM = join(import.meta.dirname, "prepare-folder.ts")
const MANIFEST = join(import.meta.dirname, "../../../dagger/scripts/runner-manifest.sh")
const STAND_IN = join(import.meta.dirname, "../../../docker/stand-in")

let top = ""
let home = ""
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "runner-folder-"))
  home = join(top, "home")
  chmodSync(top, 0o755)
  execFileSync("cp", ["-r", STAND_IN, home])
  for (const name of ["externals/node24", "k8s"]) mkdirSync(join(home, name), { recursive: true })
  for (const name of ["_work", "_diag", "go"]) mkdirSync(join(home, name))
  mkdirSync(join(home, ".cache"))
  chmodSync(join(home, ".cache"), 0o777)
  writeFileSync(join(home, ".credentials"), "secret")
  writeFileSync(join(home, ".bashrc"), "# hello")
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

function folder(name: string, mode = 0o777): string {
  const path = join(top, name)
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

/** Prepares in another process: as another user, and after some commands in a mount namespace of its own. */
function prepare(temporary: readonly string[], { uid, setup = "" }: { uid?: number; setup?: string } = {}): string {
  const program = [process.execPath, "--import", "tsx", PROGRAM, home, ...temporary]
  const command =
    uid === undefined
      ? program
      : ["setpriv", `--reuid=${String(uid)}`, `--regid=${String(uid)}`, "--clear-groups", ...program]
  const [file = "", ...args] =
    setup === "" ? command : ["unshare", "-m", "sh", "-c", `set -e; ${setup}; exec "$@"`, "sh", ...command]
  const { stdout, stderr, status } = spawnSync(file, args, {
    encoding: "utf8",
    cwd: join(import.meta.dirname, "../../.."),
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim().replaceAll(top, "TOP")
}

/** `bin/`, `externals -> …`, `run.sh` */
function listing(path: string): string[] {
  return readdirSync(path)
    .map((name) => {
      const entry = lstatSync(join(path, name))
      if (entry.isSymbolicLink())
        return `${name} -> ${realpathSync(join(path, name)).replace(realpathSync(top), "TOP")}`
      return entry.isDirectory() ? `${name}/` : name
    })
    .sort()
}

it("is the home where that can be written to", () => {
  expect(prepareRunnerFolder({ home, temporary: [folder("tmp")], uid: process.getuid?.() ?? -1 })).toEqual({
    path: home,
    home,
    copied: false,
  })
  expect(readdirSync(join(top, "tmp"))).toEqual([])
})

describe.skipIf(!ROOT)("as another user than the image's", () => {
  it("is a copy that works, with links to what is large and to what jobs may write to", () => {
    const temporary = folder("tmp")
    expect(prepare([temporary], { uid: OTHER })).toMatchInlineSnapshot(
      `"{"path":"TOP/tmp/runner-images-runner","home":"TOP/tmp/runner-images-runner","copied":true}"`,
    )
    const copy = join(temporary, "runner-images-runner")
    const copied = readdirSync(STAND_IN).filter((name) => lstatSync(join(STAND_IN, name)).isFile())
    expect(listing(copy)).toEqual(
      [
        ...copied,
        ".bashrc",
        ".cache -> TOP/home/.cache",
        "bin/",
        "externals -> TOP/home/externals",
        "k8s -> TOP/home/k8s",
        "lib/",
      ].sort(),
    )
    expect(lstatSync(join(copy, "run.sh")).uid).toBe(OTHER)
    expect(
      execFileSync(join(copy, "config.sh"), ["--version"], {
        env: { ...process.env, RUNNER_ALLOW_RUNASROOT: "1" },
        encoding: "utf8",
      }),
    ).toBe(readFileSync(join(STAND_IN, "VERSION"), "utf8"))
  })

  it("has the links of the runner's programs as the image has them, so that they pass for the image's", async () => {
    const temporary = folder("tmp")
    symlinkSync("Runner.Listener", join(top, "home/bin/Runner.Other"))
    const sums = execFileSync("sh", [MANIFEST], { cwd: join(top, "home"), encoding: "utf8" })
    writeFileSync(join(top, "manifest"), sums)
    prepare([temporary], { uid: OTHER })
    expect(sums).toContain("link:Runner.Listener  bin/Runner.Other\n")
    expect(await changedPrograms(join(temporary, "runner-images-runner"), join(top, "manifest"))).toEqual([])
  })

  it("takes the place of an earlier copy", () => {
    const temporary = folder("tmp")
    prepare([temporary], { uid: OTHER })
    writeFileSync(join(temporary, "runner-images-runner/.runner"), "stale")
    expect(prepare([temporary], { uid: OTHER })).toContain("TOP/tmp/runner-images-runner")
    expect(existsSync(join(temporary, "runner-images-runner/.runner"))).toBe(false)
  })

  it("avoids what is someone else's", () => {
    const [first, second] = [folder("first"), folder("second")]
    mkdirSync(join(first, "runner-images-runner"))
    writeFileSync(join(first, "runner-images-runner/precious"), "")
    expect(prepare([first, second], { uid: OTHER })).toMatchInlineSnapshot(
      `"{"path":"TOP/second/runner-images-runner","home":"TOP/second/runner-images-runner","copied":true}"`,
    )
    expect(readdirSync(join(first, "runner-images-runner"))).toEqual(["precious"])
  })

  it("also when only an earlier user's log is in the way", () => {
    chmodSync(home, 0o777)
    chmodSync(join(home, "_diag"), 0o755)
    expect(prepare([folder("tmp")], { uid: OTHER })).toContain("TOP/tmp/runner-images-runner")
  })

  it("tells why there is none", () => {
    const shut = folder("shut", 0o755)
    expect(prepare([shut, join(top, "missing")], { uid: OTHER })).toMatchInlineSnapshot(
      `"CONFIGURATION: the runner needs a writable folder. TOP/home is read-only for user 4321, and no other folder is usable. TOP/shut/runner-images-runner: not allowed to write; TOP/missing/runner-images-runner: the folder above it is missing | With a read-only root file system, mount a temporary folder in which programs may run, such as --tmpfs TOP/shut:exec or an emptyDir."`,
    )
  })
})

/** Mounts need rights that not every machine's root has. */
const MOUNTS = ROOT && spawnSync("unshare", ["-m", "true"]).status === 0

describe.skipIf(!MOUNTS)("with a read-only root file system", () => {
  const readOnly = () => `mount --bind ${home} ${home}; mount -o remount,bind,ro ${home}`

  it("is a copy, for root too", () => {
    expect(prepare([folder("tmp")], { setup: readOnly() })).toMatchInlineSnapshot(
      `"{"path":"TOP/tmp/runner-images-runner","home":"TOP/tmp/runner-images-runner","copied":true}"`,
    )
  })

  it.each([
    ["noexec", "from which nothing can be run"],
    ["size=16k", "that is too small"],
  ])("passes by a temporary folder with %s, %s", (options) => {
    const [bad, good] = [folder("bad"), folder("good")]
    const setup = `${readOnly()}; mount -t tmpfs -o ${options} tmpfs ${bad}`
    expect(prepare([bad, good], { setup })).toContain("TOP/good/runner-images-runner")
    expect(prepare([bad], { setup })).toMatchSnapshot()
  })
})
