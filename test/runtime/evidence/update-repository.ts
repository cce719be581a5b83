import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { canonicalJson } from "../../../dagger/src/core/oci/documents.js"
import type { RootSource } from "../../../src/signatures/public-root.js"

const HOUR = 3_600_000
const ROLES = ["root", "targets", "snapshot", "timestamp"] as const
type Role = (typeof ROLES)[number]

/** A repository of The Update Framework with one file in it, as sigstore's own is: https://theupdateframework.github.io/specification/latest */
export interface UpdateRepository {
  source: RootSource
  /** Serves other bytes at a path. */
  replace: (path: string, text: string) => void
  /** Signs and serves a role's document again, with another key or end. */
  publish: (role: Role, by?: { key?: KeyObject; expires?: Date; version?: number }) => void
  /** Ends the server alone. */
  stop: () => Promise<void>
  remove: () => void
}

export async function startUpdateRepository(name: string, content: string): Promise<UpdateRepository> {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-update-repository-"))
  const files = new Map<string, string>([[`targets/${sha256(content)}.${name}`, content]])
  const { privateKey } = generateKeyPairSync("ed25519")
  const key = publicKey(privateKey)
  const keyid = sha256(canonicalJson(key))
  const roles = Object.fromEntries(ROLES.map((role) => [role, { keyids: [keyid], threshold: 1 }]))
  const contents: Record<Role, object> = {
    root: { keys: { [keyid]: key }, roles, consistent_snapshot: true },
    targets: { targets: { [name]: { length: Buffer.byteLength(content), hashes: { sha256: sha256(content) } } } },
    snapshot: { meta: { "targets.json": { version: 1 } } },
    timestamp: { meta: { "snapshot.json": { version: 1 } } },
  }
  const publish: UpdateRepository["publish"] = (role, { key: by = privateKey, expires, version = 1 } = {}) => {
    const end = (expires ?? new Date(Date.now() + HOUR)).toISOString().replace(/\.\d+/, "")
    const signed = { _type: role, spec_version: "1.0.0", version, expires: end, ...contents[role] }
    const sig = sign(null, Buffer.from(canonicalJson(signed)), by).toString("hex")
    // Only the newest timestamp has no version in its name.
    const path = role === "timestamp" ? "timestamp.json" : `${String(version)}.${role}.json`
    files.set(path, JSON.stringify({ signed, signatures: [{ keyid, sig }] }))
  }
  for (const role of ROLES) publish(role)
  const firstRoot = join(folder, "root.json")
  writeFileSync(firstRoot, files.get("1.root.json") ?? "")
  const server = createServer(({ url = "" }, response) => {
    const file = files.get(url.slice(1))
    response.writeHead(file === undefined ? 404 : 200).end(file)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const mirror = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  return {
    source: { mirror, firstRoot, cache: join(folder, "cache") },
    replace: (path, text) => files.set(path, text),
    publish,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** As the specification writes it: the 32 bytes after the key's description. */
function publicKey(privateKey: KeyObject): object {
  const bytes = createPublicKey(privateKey).export({ type: "spki", format: "der" }).subarray(-32)
  return { keytype: "ed25519", scheme: "ed25519", keyval: { public: bytes.toString("hex") } }
}
