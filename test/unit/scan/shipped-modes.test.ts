import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const lacking = ["dpkg-deb", "python3"].filter((program) => spawnSync(program, ["--version"]).status !== 0)

describe.skipIf(lacking.length > 0)("shipped-modes.py", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-images-modes-"))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  /** Makes a package file of these paths, by mode. A path that ends in a slash is a folder. */
  function pack(name: string, paths: Readonly<Record<string, number>>) {
    const root = join(folder, "roots", name)
    for (const [path, mode] of Object.entries(paths)) {
      const full = join(root, path)
      mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true })
      if (!path.endsWith("/")) writeFileSync(full, "a")
      chmodSync(full, mode)
    }
    symlinkSync("nowhere", join(root, "link"))
    mkdirSync(join(root, "DEBIAN"), { mode: 0o755 })
    chmodSync(join(root, "DEBIAN"), 0o755)
    const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.test>\nDescription: a\n`
    writeFileSync(join(root, "DEBIAN/control"), control)
    mkdirSync(join(folder, "debs"), { recursive: true })
    execFileSync("dpkg-deb", ["--root-owner-group", "--build", root, join(folder, `debs/${name}_1_all.deb`)], {
      stdio: "ignore",
    })
  }

  const modes = () =>
    spawnSync("python3", ["dagger/scripts/shipped-modes.py", join(folder, "debs")], { encoding: "utf8" })

  it("prints the special modes in package files, with owners and packages", () => {
    pack("uidmap", { "usr/bin/newuidmap": 0o4755, "usr/bin/plain": 0o755, "usr/share/": 0o755 })
    pack("php", { "var/lib/php/sessions/": 0o1733, "usr/games/score": 0o2755, "srv/open name": 0o666 })
    expect(modes().stdout.split("\n").sort()).toEqual([
      "",
      "1733 root:root php /var/lib/php/sessions",
      "2755 root:root php /usr/games/score",
      "4755 root:root uidmap /usr/bin/newuidmap",
      "666 root:root php /srv/open name",
    ])
  })

  it("prints nothing of no packages", () => {
    mkdirSync(join(folder, "debs"))
    expect(modes()).toMatchObject({ status: 0, stdout: "" })
  })

  it("fails for a file that is cut off", () => {
    pack("uidmap", { "usr/bin/newuidmap": 0o4755 })
    execFileSync("truncate", ["--size=-40", join(folder, "debs/uidmap_1_all.deb")])
    expect(modes().status).not.toBe(0)
  })
})
