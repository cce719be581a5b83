import { execFileSync } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { scan } from "./seeded-root.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-images-keys-"))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const elliptic = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" })
const rsa = () => rsaKeyPair()

/** A certificate and its key, in PEM, and what openssl makes of them with these arguments. */
function openssl(...args: string[]): Buffer {
  const run = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" })
  const subject = ["-nodes", "-subj", "/CN=test", "-days", "1"]
  run("req", "-x509", "-newkey", "rsa:2048", "-keyout", "key.pem", "-out", "cert.pem", ...subject)
  run(...args, "-out", "made")
  return readFileSync(join(folder, "made"))
}

/** A Java keystore, as sun.security.provider.JavaKeyStore writes it, with one entry of this type and a comment after it. */
function javaStore(magic: number, entry: 1 | 2 | 3): Buffer {
  const int = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
  const body = Buffer.alloc(100_000, 7)
  const date = Buffer.alloc(8, 1)
  const certificate = [int(2), text("debian:a.pem"), date, text("X.509"), int(body.length), body]
  const other = [int(entry), text("mine"), date, text("X.509"), int(body.length), body]
  return Buffer.concat([int(magic), int(2), int(2), ...certificate, ...other, Buffer.alloc(20)])
}

const JKS = 0xfeedfeed
const JCEKS = 0xcececece

describe("private keys", () => {
  it.each<[string, () => Buffer | string, string]>([
    ["PKCS#8", () => elliptic().privateKey.export({ format: "der", type: "pkcs8" }), "private key"],
    ["PKCS#1", () => rsa().privateKey.export({ format: "der", type: "pkcs1" }), "private key"],
    ["SEC 1", () => elliptic().privateKey.export({ format: "der", type: "sec1" }), "private key"],
    [
      "encrypted PKCS#8",
      () => elliptic().privateKey.export({ format: "der", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "a" }),
      "private key",
    ],
    [
      "PKCS#12",
      () => openssl("pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:a"),
      "private key in a PKCS#12 store",
    ],
    ["a Java keystore", () => javaStore(JKS, 1), "private key in a Java keystore"],
    ["a Java keystore with a secret key", () => javaStore(JCEKS, 3), "private key in a Java keystore"],
    ["a damaged Java keystore", () => javaStore(JKS, 2).subarray(0, 1000), "private key in a Java keystore"],
    ["PuTTY", () => "PuTTY-User-Key-File-3: ssh-ed25519\n", "private key"],
    ["age", () => `# created: now\nAGE-SECRET-KEY-1${"Q".repeat(58)}\n`, "private key"],
    ["GnuPG's agent", () => "(21:protected-private-key(3:ecc", "private key"],
    ["GnuPG's agent since 2.3", () => "Created: 1\nKey: (protected-private-key (ecc", "private key"],
  ])("are found in the form of %s, whatever the file is called", (_, make, kind) => {
    expect(scan({ "/usr/share/app/data": make() }).secrets).toEqual([`/usr/share/app/data: ${kind}`])
  })

  it.each<[string, () => Buffer | string]>([
    ["a public key", () => rsa().publicKey.export({ format: "der", type: "spki" })],
    ["a certificate in DER", () => openssl("x509", "-in", "cert.pem", "-outform", "DER")],
    [
      "a PKCS#12 store of certificates",
      () => openssl("pkcs12", "-export", "-nokeys", "-in", "cert.pem", "-passout", "pass:a"),
    ],
    ["a Java keystore of certificates", () => javaStore(JKS, 2)],
    ["a Java class", () => Buffer.from("cafebabe00000041", "hex")],
    ["text that begins with a 0", () => "0 = no"],
    ["a program that writes keys", () => Buffer.from("\0-----BEGIN PRIVATE KEY-----\n" + "A".repeat(64))],
    ["a parser of GnuPG's keys", () => 'if (line.startsWith("Key: (private-key "))'],
  ])("are not: %s", (_, make) => {
    expect(scan({ "/usr/share/app/data": make() }).secrets).toEqual([])
  })
})

describe("identities", () => {
  it("are those of machines and databases", () => {
    const { identities } = scan({
      "/etc/bind/rndc.key": "key",
      "/etc/iscsi/initiatorname.iscsi": "## a comment\nInitiatorName=iqn.1993-08.org.debian:01:1",
      "/etc/machine-id": `${"a1".repeat(16)}\n`,
      "/etc/munge/munge.key": "key",
      "/etc/nvme/hostid": "2cd2c43b-a90a-45c1-a8cd-86b33ab273b5\n",
      "/etc/popularity-contest.conf": 'MY_HOSTID="abc"\n',
      "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA",
      "/etc/ssl/certs/ssl-cert-snakeoil.pem": "certificate",
      "/srv/data/global/pg_control": "control",
      "/var/lib/dbus/machine-id": `${"a1".repeat(16)}\n`,
      "/var/lib/ldap/data.mdb": "data",
      "/var/lib/mysql/auto.cnf": "[auto]\nserver-uuid=2cd2c43b",
      "/var/lib/mysql/ibdata1": "data",
      "/var/lib/rabbitmq/.erlang.cookie": "ABC",
      "/var/lib/systemd/credential.secret": "key",
      "/var/lib/systemd/random-seed": "seed",
      "/var/lib/urandom/random-seed": "seed",
    })
    expect(identities.map(({ path, kind }) => `${path} ${kind}`)).toMatchInlineSnapshot(`
      [
        "/etc/bind/rndc.key BIND control key",
        "/etc/iscsi/initiatorname.iscsi iSCSI initiator name",
        "/etc/machine-id machine id",
        "/etc/munge/munge.key MUNGE key",
        "/etc/nvme/hostid NVMe host id",
        "/etc/popularity-contest.conf survey id",
        "/etc/ssh/ssh_host_ed25519_key.pub SSH host key",
        "/etc/ssl/certs/ssl-cert-snakeoil.pem snakeoil certificate",
        "/srv/data/global/pg_control PostgreSQL cluster",
        "/var/lib/dbus/machine-id machine id",
        "/var/lib/ldap/data.mdb LDAP database",
        "/var/lib/mysql/auto.cnf MySQL server id",
        "/var/lib/mysql/ibdata1 MySQL or MariaDB database",
        "/var/lib/rabbitmq/.erlang.cookie Erlang cookie",
        "/var/lib/systemd/credential.secret credential key",
        "/var/lib/systemd/random-seed random seed",
        "/var/lib/urandom/random-seed random seed",
      ]
    `)
  })

  it("are not what the first start fills, nor what packages have for all machines", () => {
    const { identities } = scan({
      "/etc/machine-id": "",
      "/var/lib/dbus/machine-id": "\n",
      "/etc/iscsi/initiatorname.iscsi": "GenerateName=yes\n",
      "/etc/popularity-contest.conf": 'PARTICIPATE="no"\n',
      "/etc/ssh/ssh_config": "Host *",
    })
    expect(identities).toEqual([])
    expect(scan({ "/etc/machine-id": "uninitialized\n" }).identities).toEqual([])
  })
})
