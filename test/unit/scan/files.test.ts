import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { elfFile } from "./elf-file.js"
import { FOLDER, link, scan, type Seeds } from "./seeded-root.js"

const owner = `${String(process.getuid?.())}:${String(process.getgid?.())}`
const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex")

const TOKEN = `ghp_${"aB3".repeat(12)}`
const BODY = `${"QUJD".repeat(16)}\n${"REVG".repeat(16)}\n`
const KEY = `-----BEGIN PRIVATE KEY-----\n${BODY}-----END PRIVATE KEY-----\n`

describe("leftovers", () => {
  it("are logs, caches, former versions and what is temporary", () => {
    const left = [
      "/etc/passwd-",
      "/etc/ssh/ssh_config.dpkg-old",
      "/etc/subuid-",
      "/home/runner/.cache/pip/a",
      "/home/runner/go/pkg/mod/cache/a",
      "/root/.bash_history",
      "/root/.cache/go-build/00/a",
      "/root/.npm/_cacache/a",
      "/run/smoke.sh",
      "/tmp/a",
      "/usr/lib/python3/__pycache__/gone.cpython-313.pyc",
      "/var/cache/apt/pkgcache.bin",
      "/var/cache/ldconfig/aux-cache",
      "/var/lib/apt/lists/deb_InRelease",
      "/var/lib/dpkg/status-old",
      "/var/log/apt/history.log",
      "/var/tmp/a",
    ]
    expect(scan(Object.fromEntries(left.map((path) => [path, "left"]))).leftovers).toEqual(left)
  })

  it("are not folders, what debconf and dpkg keep, or compiled Python beside its source", () => {
    const { leftovers } = scan({
      "/tmp 1777": FOLDER,
      "/var/log/apt": FOLDER,
      "/var/cache/debconf/config.dat": "kept",
      "/var/lib/dpkg/status": "kept",
      "/etc/passwd": "kept",
      "/usr/lib/python3/a.py": "kept",
      "/usr/lib/python3/__pycache__/a.cpython-313.pyc": "kept",
      "/usr/lib/python3/__pycache__/a.cpython-313.opt-1.pyc": "kept",
    })
    expect(leftovers).toEqual([])
  })
})

describe("secrets", () => {
  const found: [path: string, content: string, kind: string][] = [
    ["/home/runner/.ssh/id_ed25519", KEY.replaceAll("PRIVATE", "OPENSSH PRIVATE"), "private key"],
    ["/etc/ssl/private/server.key", KEY.replaceAll("PRIVATE", "RSA PRIVATE"), "private key"],
    ["/var/lib/app/server.pem", `a certificate before it\n${KEY}`, "private key"],
    [
      "/opt/key.txt",
      `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${BODY}`,
      "private key",
    ],
    ["/usr/share/app/fixture", KEY, "private key"],
    ["/usr/lib/app/secring.asc", KEY.replaceAll("PRIVATE KEY", "PGP PRIVATE KEY BLOCK"), "private key"],
    ["/opt/app/settings.json", `{"key":"${KEY.replaceAll("\n", "\\n")}"}`, "private key"],
    ["/etc/environment", `TOKEN=${TOKEN}`, "GitHub token"],
    ["/usr/local/etc/a.conf", `token=github_pat_${"a".repeat(22)}_${"b".repeat(59)}`, "GitHub token"],
    ["/root/notes", `npm_${"x".repeat(36)}`, "npm token"],
    ["/home/runner/.aws/config", "key = AKIAQWERTYUIOPASDFGH", "AWS access key"],
    ["/root/.npmrc", "//registry.example/:_authToken=abc", "credentials"],
    ["/var/lib/app/.netrc", "machine example login me password secret", "credentials"],
    ["/home/runner/.git-credentials", "https://me:secret@example.test", "credentials"],
    ["/root/.docker/config.json", '{"auths":{"example":{"auth":"bWU6c2VjcmV0"}}}', "credentials"],
    ["/root/.config/gh/hosts.yml", "github.com:\n  oauth_token: abc", "credentials"],
    ["/root/.aws/credentials", "[default]\naws_secret_access_key = abc", "credentials"],
  ]

  it("are told by kind, never by value", () => {
    const seeds = Object.fromEntries(found.map(([path, content]) => [path, content]))
    expect(scan(seeds).secrets).toEqual(found.map(([path, , kind]) => `${path}: ${kind}`).sort())
  })

  it.each<[string, Seeds]>([
    ["a manual that mentions keys", { "/etc/manual": "starts with -----BEGIN PRIVATE KEY----- and ends with …" }],
    [
      "a parser of keys",
      { "/usr/local/lib/pem.js": 'const head = "-----BEGIN PRIVATE KEY-----\\n", tail = "-----END PRIVATE KEY-----"' },
    ],
    ["a certificate", { "/etc/ssl/a.pem": KEY.replaceAll("PRIVATE KEY", "CERTIFICATE") }],
    ["the key that AWS' manuals show", { "/etc/manual": "AKIAIOSFODNN7EXAMPLE" }],
    ["a token that is a variable", { "/root/.npmrc": "//registry.example/:_authToken=${NPM_TOKEN}" }],
    ["a registry without a login", { "/root/.docker/config.json": '{"auths":{"example":{}}}' }],
    ["a file of bytes", { "/etc/bytes": Buffer.from(`\0${TOKEN}`) }],
    ["a token in a place that packages write", { "/usr/share/a": TOKEN }],
  ])("are not: %s", (_, seeds) => {
    expect(scan(seeds).secrets).toEqual([])
  })
})

describe("modes", () => {
  it("that change identity, or let everybody write", () => {
    const found = scan({
      "/usr/bin/su 4755": "a",
      "/usr/bin/chage 2755": "a",
      "/tmp 1777": FOLDER,
      "/opt/open 777": FOLDER,
      "/opt/shared 666": "a",
      "/opt/link": link("shared"),
      "/opt/mine 644": "a",
    })
    expect(found).toMatchObject({
      setuid: ["/usr/bin/chage 2755", "/usr/bin/su 4755"],
      writable: ["/opt/open 777", "/opt/shared 666", "/tmp 1777"],
    })
  })

  it("that change identity, of folders and in the kernel's folders too", () => {
    const found = scan({ "/var/mail 2775": FOLDER, "/dev/hidden 4755": "a", "/proc/deep/hidden 4755": "a" })
    expect(found.setuid).toEqual(["/dev/hidden 4755", "/proc/deep/hidden 4755", "/var/mail 2775"])
  })

  it("of what was asked for, symbolic links followed", () => {
    const { paths } = scan({ "/bin": link("usr/bin"), "/usr/bin/tini 755": "a" }, ["/bin/tini", "/bin", "/nowhere"])
    expect(paths).toEqual({
      "/bin/tini": { type: "file", mode: "755", owner, sha256: sha256("a") },
      "/bin": { type: "folder", mode: expect.any(String) as string, owner },
      "/nowhere": null,
    })
  })

  it.each<[string, Seeds, object]>([
    ["names", { "/usr/lib/ld.so.1": "b" }, { path: "/lib/ld.so.1", sha256: sha256("b") }],
    ["names, and does not find", {}, { path: "/lib/ld.so.1" }],
  ])("are told with the dynamic linker that a program %s", (_, seeds, interpreter) => {
    const node = elfFile({ type: 2, interpreter: "/lib/ld.so.1" })
    const { paths } = scan({ "/lib": link("usr/lib"), "/bin/node 755": node, "/usr/lib/x": "x", ...seeds }, [
      "/bin/node",
    ])
    expect(paths).toEqual({ "/bin/node": { type: "file", mode: "755", owner, sha256: sha256(node), interpreter } })
  })
})

it("what is neither file, folder nor link is told, wherever it is", () => {
  const found = scan({ "/dev": FOLDER, "/opt": FOLDER }, [], (root) => {
    execFileSync("mkfifo", [`${root}/opt/pipe`])
    execFileSync("mkfifo", [`${root}/dev/pipe`])
  })
  expect(found.special).toEqual(["/dev/pipe fifo", "/opt/pipe fifo"])
})

it.runIf(process.getuid?.() === 0)("device nodes are told", () => {
  const found = scan({ "/dev": FOLDER, "/opt": FOLDER }, [], (root) => {
    execFileSync("mknod", [`${root}/opt/disk`, "b", "8", "0"])
    execFileSync("mknod", [`${root}/dev/null`, "c", "1", "3"])
  })
  expect(found.special).toEqual(["/dev/null character device", "/opt/disk block device"])
})

/** Capabilities take root to give and getfattr to read. */
const canSetCapabilities = (() => {
  try {
    execFileSync("getfattr", ["--version"], { stdio: "ignore" })
    execFileSync("setcap", ["-h"], { stdio: "ignore" })
    return process.getuid?.() === 0
  } catch {
    return false
  }
})()

it.runIf(canSetCapabilities)("capabilities are read", () => {
  expect(scan({ "/usr/bin/ping": "a" }, []).capabilities).toEqual([])
  const seeded = scan({ "/usr/bin/ping": "a" }, [], (root) =>
    execFileSync("setcap", ["cap_net_raw+ep", `${root}/usr/bin/ping`]),
  )
  expect(seeded.capabilities).toEqual(["/usr/bin/ping"])
})
