import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import {
  checkDisk,
  checkHost,
  checkStateFolder,
  missingFilesystems,
  parseOsRelease,
  proxyVariables,
  type HostFacts,
} from "../../../src/engine/bare/host/host.js"
import { nameservers, usableResolvConf } from "../../../src/engine/bare/host/resolvers.js"

it("reads os-release in every way of quoting", () => {
  const text = `PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID='13'\n# comment\nVERSION_CODENAME=trixie\n`
  expect(parseOsRelease(text)).toEqual({
    PRETTY_NAME: "Debian GNU/Linux 13 (trixie)",
    ID: "debian",
    VERSION_ID: "13",
    VERSION_CODENAME: "trixie",
  })
})

const GOOD: HostFacts = {
  system: "linux",
  nodeArch: "x64",
  userId: 0,
  osRelease: { ID: "debian", PRETTY_NAME: "Debian 13" },
  hasApt: true,
  filesystems: "nodev\toverlay\n\text4\n",
  networkNamespaces: true,
  proxies: {},
}

describe("a host", () => {
  it.each([
    ["Debian", GOOD, "linux/amd64"],
    ["arm64", { ...GOOD, nodeArch: "arm64" }, "linux/arm64"],
    ["Ubuntu", { ...GOOD, osRelease: { ID: "ubuntu", ID_LIKE: "debian" } }, "linux/amd64"],
    ["a relative of theirs", { ...GOOD, osRelease: { ID: "mint", ID_LIKE: "ubuntu debian" } }, "linux/amd64"],
    ["a proxy in the network", { ...GOOD, proxies: { HTTPS_PROXY: "http://proxy:3128" } }, "linux/amd64"],
    ["loopback without a proxy", { ...GOOD, proxies: { NO_PROXY: "localhost,127.0.0.1" } }, "linux/amd64"],
  ])("is taken: %s", (_case, facts, platform) => {
    expect(checkHost(facts)).toBe(platform)
  })

  it.each([
    ["macOS", { ...GOOD, system: "darwin" as const }, "runs on Linux, but this is darwin"],
    [
      "Fedora",
      { ...GOOD, osRelease: { ID: "fedora", PRETTY_NAME: "Fedora 42" } },
      "Debian and Ubuntu, but this is Fedora 42",
    ],
    ["without apt", { ...GOOD, hasApt: false }, "runs on Debian and Ubuntu"],
    ["another processor", { ...GOOD, nodeArch: "riscv64" }, "this machine is riscv64"],
    ["a common user", { ...GOOD, userId: 1000 }, "needs root"],
    ["an old kernel", { ...GOOD, networkNamespaces: false }, "no network namespaces"],
    [
      "a proxy on loopback",
      { ...GOOD, proxies: { https_proxy: "http://user:password@127.0.0.1:3128" } },
      "https_proxy is http://127.0.0.1:3128:",
    ],
    [
      "a proxy on localhost",
      { ...GOOD, proxies: { ALL_PROXY: "socks5://localhost:1080" } },
      "cannot reach the host's loopback",
    ],
  ])("is refused with the reason: %s", (_case, facts, problem) => {
    expect(() => checkHost(facts)).toThrow(problem)
  })
})

it("finds file systems that the kernel lacks", () => {
  expect(missingFilesystems("nodev\tsysfs\nnodev\toverlay\n\text4\n")).toEqual(["binfmt_misc"])
  expect(missingFilesystems("nodev\toverlay\nnodev\tbinfmt_misc\n")).toEqual([])
})

it("passes on proxies, in either case, and nothing else", () => {
  expect(proxyVariables({ HTTP_PROXY: "a", no_proxy: "b", HTTPS_PROXY: "", PATH: "c" })).toEqual({
    HTTP_PROXY: "a",
    no_proxy: "b",
  })
})

it("refuses a disk that is too full, by the folder that will be made there", () => {
  const { bavail, bsize } = statfsSync(tmpdir())
  const free = bavail * bsize
  const folder = join(tmpdir(), "not/made/yet")
  // Other programs write there as well.
  const margin = 1e9
  checkDisk(folder, Math.max(free - margin, 0))
  const refused: unknown = expect.objectContaining({
    code: "ENGINE_DISK",
    problem: expect.stringContaining(` for ${folder}, `) as string,
  })
  expect(() => {
    checkDisk(folder, free + margin)
  }).toThrow(refused)
})

describe("name servers", () => {
  const stub = "nameserver 127.0.0.53\noptions edns0\n"
  it("are read from resolv.conf", () => {
    expect(nameservers("search a\nnameserver 192.0.2.1\n nameserver\t192.0.2.2 # b\n#nameserver 192.0.2.3\n")).toEqual([
      "192.0.2.1",
      "192.0.2.2",
    ])
  })
  it("are those behind a stub", () => {
    expect(usableResolvConf([stub, "nameserver 192.0.2.1\nsearch a\n"])).toBe("nameserver 192.0.2.1\nsearch a\n")
  })
  it("leave out those on loopback and those that only IPv6 reaches", () => {
    expect(usableResolvConf(["nameserver 127.0.0.1\nnameserver fd00::1\nnameserver 192.0.2.1\nsearch a"])).toBe(
      "nameserver 192.0.2.1\nsearch a",
    )
  })
  it("may be none", () => {
    expect(usableResolvConf([stub])).toBeUndefined()
  })
})

describe("the state folder", () => {
  function inScratch(work: (scratch: string) => void): void {
    const scratch = mkdtempSync(join(tmpdir(), "state-folder-"))
    try {
      work(scratch)
    } finally {
      rmSync(scratch, { recursive: true })
    }
  }

  it("is its owner's alone, also where an earlier version left it open", () => {
    inScratch((scratch) => {
      for (const name of ["new", "old"]) {
        const root = join(scratch, name)
        if (name === "old") mkdirSync(root, { mode: 0o755 })
        checkStateFolder(root)
        expect(statSync(root).mode & 0o777).toBe(0o700)
      }
    })
  })

  it("is refused where every user could put another in its place", () => {
    inScratch((scratch) => {
      const open = join(scratch, "open")
      mkdirSync(open)
      chmodSync(open, 0o777)
      const refused: unknown = expect.objectContaining({
        code: "ENGINE_STATE",
        problem: expect.stringContaining(`${open}, on`) as string,
      })
      expect(() => {
        checkStateFolder(join(open, "runner-images", "engine"))
      }).toThrow(refused)
      chmodSync(open, 0o1777)
      checkStateFolder(join(open, "runner-images", "engine"))
    })
  })

  const OTHER = 64321
  const refusal = (problem: string): unknown =>
    expect.objectContaining({ code: "ENGINE_STATE", problem: expect.stringContaining(problem) as string })

  // Only root can give a folder away.
  it.runIf(process.getuid?.() === 0)("is refused on a way that another user owns, unless it is who called sudo", () => {
    inScratch((scratch) => {
      const theirs = join(scratch, "theirs")
      mkdirSync(theirs)
      chownSync(theirs, OTHER, OTHER)
      const root = join(theirs, "runner-images", "engine")
      expect(() => {
        checkStateFolder(root)
      }).toThrow(refusal(`${theirs}, on the path to it, belongs to user ${OTHER}`))
      checkStateFolder(root, { user: OTHER, group: OTHER })
    })
  })

  it.runIf(process.getuid?.() === 0)("is refused on a way that a group may write to", () => {
    inScratch((scratch) => {
      const shared = join(scratch, "shared")
      mkdirSync(shared)
      chownSync(shared, 0, OTHER)
      chmodSync(shared, 0o775)
      const root = join(shared, "runner-images", "engine")
      expect(() => {
        checkStateFolder(root)
      }).toThrow(refusal(`${shared}, on the path to it, is writable by group ${OTHER}`))
      checkStateFolder(root, { user: OTHER, group: OTHER })
    })
  })

  it.runIf(process.getuid?.() === 0)("is refused on a way through a link of another user", () => {
    inScratch((scratch) => {
      const link = join(scratch, "link")
      mkdirSync(join(scratch, "real"))
      symlinkSync("real", link)
      lchownSync(link, OTHER, OTHER)
      expect(() => {
        checkStateFolder(join(link, "runner-images", "engine"))
      }).toThrow(refusal(`${link}, on the path to it, belongs to user ${OTHER}`))
    })
  })
})
