import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"

const SCRIPT = "dagger/scripts/clean-root.sh"
const LIST = "usr/local/lib/runner-images/renewed-keys"

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runner-images-root-"))
  mkdirSync(join(root, "var/log"), { recursive: true })
  mkdirSync(join(root, "etc/ssl/certs"), { recursive: true })
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function put(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

/** Cleans the root, and lists its files. */
function clean(): string[] {
  execFileSync("sh", ["-euc", `. ${SCRIPT}`], {
    env: { ...process.env, ROOT: root, EPOCH: String(20_776 * 86_400 + 5) },
    stdio: "pipe",
  })
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

const read = (path: string) => readFileSync(join(root, path))

it("takes out keys and identities, and lists the keys that a container makes again", () => {
  put({
    "etc/machine-id": "a1\n",
    "etc/ssh/ssh_host_ed25519_key": "key",
    "etc/ssh/ssh_host_ed25519_key.pub": "key",
    "etc/ssh/sshd_config": "kept",
    "etc/ssl/certs/ca.pem": "kept",
    "etc/ssl/certs/ssl-cert-snakeoil.pem": "certificate",
    "etc/ssl/private/ssl-cert-snakeoil.key": "key",
    "var/lib/dbus/machine-id": "a1\n",
    "var/lib/rabbitmq/.erlang.cookie": "ABC",
    "var/lib/systemd/random-seed": "seed",
  })
  symlinkSync("ssl-cert-snakeoil.pem", join(root, "etc/ssl/certs/ce275665.0"))
  symlinkSync("ca.pem", join(root, "etc/ssl/certs/0a775a30.0"))
  expect(clean()).toEqual([
    "etc/machine-id",
    "etc/ssh/sshd_config",
    "etc/ssl/certs/0a775a30.0",
    "etc/ssl/certs/ca.pem",
    LIST,
  ])
  expect(read("etc/machine-id").toString()).toBe("")
  expect(read(LIST).toString()).toBe("snakeoil-certificate\nssh-host-keys\n")
})

it("keeps the list of the installation below, and makes none where there was no key", () => {
  expect(clean()).toEqual([])
  put({ [LIST]: "ssh-host-keys\n", "etc/ssl/private/ssl-cert-snakeoil.key": "key" })
  expect(clean()).toEqual([LIST])
  expect(read(LIST).toString()).toBe("snakeoil-certificate\nssh-host-keys\n")
  clean()
  expect(read(LIST).toString()).toBe("snakeoil-certificate\nssh-host-keys\n")
})

it("sorts TeX's indexes, and takes out its logs", () => {
  put({
    "var/lib/texmf/ls-R": "% ls-R\n\n./:\n.:\nweb2c\nls-R\n\n./web2c:\ntex\nupdmap.log\nmf.base\n\n./tex:\nb\na\n",
    "var/lib/texmf/web2c/updmap.log": "today",
    "var/lib/texmf/web2c/mf.base": "kept",
  })
  expect(clean()).toEqual(["var/lib/texmf/ls-R", "var/lib/texmf/web2c/mf.base"])
  expect(read("var/lib/texmf/ls-R").toString()).toBe(
    "% ls-R\n\n./:\n.:\nls-R\nweb2c\n\n./tex:\na\nb\n\n./web2c:\nmf.base\ntex\n",
  )
})

it("lets no account have changed later than the packages", () => {
  const accounts = "root:*:20600:0:99999:7:::\ndaemon:*::0:99999:7:::\nsshd:!*:20786::::::\n"
  put({ "etc/shadow": accounts })
  clean()
  expect(read("etc/shadow").toString()).toBe(accounts.replace("20786", "20776"))
})

/** A store of two certificates, added at these times, as Java writes it. */
function javaStore(times: readonly [number, number], password = "changeit"): Buffer {
  const header = Buffer.from("feedfeed0000000200000002", "hex")
  const dates = times.map((one) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(one))
    return bytes
  })
  const entries = dates.map((bytes, index) =>
    Buffer.concat([
      Buffer.from("000000020005", "hex"),
      Buffer.from(`name${String(index)}`),
      bytes,
      Buffer.from("0005", "hex"),
      Buffer.from("X.509"),
      Buffer.from("00000003", "hex"),
      Buffer.from("abc"),
    ]),
  )
  const content = Buffer.concat([header, ...entries])
  const secret = Buffer.from(password, "utf16le").swap16()
  const sum = createHash("sha1").update(secret).update("Mighty Aphrodite").update(content).digest()
  return Buffer.concat([content, sum])
}

it("sets the times in Java's store of certificates to 1970, and its checksum", () => {
  const path = "etc/ssl/certs/java/cacerts"
  put({ [path]: javaStore([1_795_978_187_755, 1_795_978_187_760]) })
  clean()
  expect(read(path).equals(javaStore([0, 0]))).toBe(true)
})

it.each([
  ["of another password", () => javaStore([1, 2], "another")],
  ["of another format", () => Buffer.from("a store in PKCS#12, perhaps, of some length")],
])("leaves a store %s as it is", (_, make) => {
  const path = "etc/ssl/certs/java/cacerts"
  const store = make()
  put({ [path]: store })
  clean()
  expect(read(path).equals(store)).toBe(true)
})
