import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { freePort } from "../../free-port.js"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { descriptorSchema, digestOf, MEDIA_TYPE, type Descriptor } from "../../../dagger/src/core/oci/documents.js"
import type { Referrer } from "../../../dagger/src/core/oci/referrer.js"
import type { Named } from "../../../dagger/src/core/oci/tag-moves.js"
import type { ChangingImages } from "../../../dagger/src/core/published/published-images.js"
import { findProgram } from "../../../src/engine/bare/host/host.js"
import { registryConfig } from "../../../src/engine/bare/instance/config.js"

/** Debian's docker-registry, which the bare engine uses as well. It has no referrers API. */
export const REGISTRY_PROGRAM = findProgram("docker-registry")

/**
 * Runs a registry that accepts everything, and answers with its host and port.
 *
 * @param host the address of this machine that it listens on
 */
export async function withRegistryProcess(
  work: (registry: string) => Promise<void>,
  host = "127.0.0.1",
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-registry-"))
  const port = await freePort(host)
  const config = join(folder, "config.yml")
  const users = join(folder, "users")
  // With a list of users it accepts writes; without authentication it asks for none.
  const { auth: _, ...open } = JSON.parse(registryConfig(port, join(folder, "storage"), users)) as Record<
    string,
    unknown
  >
  const address = `${host}:${String(port)}`
  writeFileSync(config, JSON.stringify({ ...open, http: { ...(open.http as object), addr: address } }))
  const registry = spawn(REGISTRY_PROGRAM ?? "", ["serve", config], { stdio: "ignore" })
  try {
    for (let tries = 0; !(await answers(address)); tries++) {
      if (tries > 100 || registry.exitCode !== null) throw new Error("docker-registry does not answer")
      await setTimeout(100)
    }
    await work(address)
  } finally {
    if (registry.exitCode === null) {
      registry.kill()
      await once(registry, "exit")
    }
    rmSync(folder, { recursive: true })
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`)).ok
  } catch {
    return false
  }
}

const ACCEPTED = [MEDIA_TYPE.index, MEDIA_TYPE.manifest].join(", ")
const EMPTY = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 }

/** A client for tests, of the distribution specification, with the fallback tag for referrers. Without TLS and credentials. */
export class HttpRegistry implements ChangingImages {
  async tags(repository: string): Promise<string[]> {
    const response = await fetch(`${base(repository)}/tags/list`)
    if (response.status === 404) return []
    return ((await response.json()) as { tags: string[] | null }).tags ?? []
  }

  async find(repository: string, name: string): Promise<string | undefined> {
    const response = await fetch(`${base(repository)}/manifests/${name.slice(1)}`, { headers: { accept: ACCEPTED } })
    return response.status === 404 ? undefined : required(response)
  }

  async blob(repository: string, digest: string): Promise<string> {
    return required(await fetch(`${base(repository)}/blobs/${digest}`))
  }

  async referrers(repository: string, digest: string): Promise<Descriptor[]> {
    const text = await this.find(repository, `:${digest.replace(":", "-")}`)
    if (text === undefined) return []
    return descriptorSchema.array().parse((JSON.parse(text) as { manifests: unknown }).manifests)
  }

  async tag(repository: string, digest: string, tag: string): Promise<void> {
    const text = await this.find(repository, `@${digest}`)
    if (text === undefined) throw new Error(`${repository} has no ${digest}`)
    await this.put(repository, tag, text)
  }

  async settle(repository: string, tag: string): Promise<Named> {
    const text = await this.find(repository, `:${tag}`)
    return { digest: text === undefined ? undefined : digestOf(text) }
  }

  async attach(repository: string, { subject, content, ...artifact }: Referrer): Promise<void> {
    const size = Buffer.byteLength((await this.find(repository, `@${subject}`)) ?? "")
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType: artifact.artifactType,
      config: EMPTY,
      layers: [{ mediaType: artifact.mediaType, digest: digestOf(content), size: Buffer.byteLength(content) }],
      subject: { mediaType: MEDIA_TYPE.index, digest: subject, size },
      annotations: artifact.annotations,
    }
    await this.upload(repository, "{}")
    await this.upload(repository, content)
    const text = JSON.stringify(manifest)
    await this.put(repository, digestOf(text), text)
    const { mediaType, artifactType, annotations } = manifest
    const own = { mediaType, digest: digestOf(text), size: Buffer.byteLength(text), artifactType, annotations }
    const others = (await this.referrers(repository, subject)).filter(({ digest }) => digest !== own.digest)
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [...others, own] }
    await this.put(repository, subject.replace(":", "-"), JSON.stringify(index))
  }

  async delete(repository: string, digest: string): Promise<void> {
    const response = await fetch(`${base(repository)}/manifests/${digest}`, { method: "DELETE" })
    if (response.status !== 404) await required(response)
  }

  /** @param name a tag or a digest */
  async put(repository: string, name: string, text: string): Promise<void> {
    const { mediaType } = JSON.parse(text) as { mediaType: string }
    const headers = { "content-type": mediaType }
    await required(await fetch(`${base(repository)}/manifests/${name}`, { method: "PUT", headers, body: text }))
  }

  async upload(repository: string, content: string): Promise<void> {
    const begun = await fetch(`${base(repository)}/blobs/uploads/`, { method: "POST" })
    const place = new URL(begun.headers.get("location") ?? "", base(repository))
    place.searchParams.set("digest", digestOf(content))
    const headers = { "content-type": "application/octet-stream" }
    await required(await fetch(place, { method: "PUT", headers, body: content }))
  }
}

function base(repository: string): string {
  const [host = "", ...path] = repository.split("/")
  return `http://${host}/v2/${path.join("/")}`
}

async function required(response: Response): Promise<string> {
  const text = await response.text()
  if (response.ok) return text
  throw new Error(`${response.url}: ${String(response.status)} ${text}`)
}
