import { generateKeyPairSync } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { evidenceOf, type StatementSigner } from "../../../../dagger/src/core/evidence/evidence.js"
import { layoutImages } from "../../../../dagger/src/core/evidence/layout-images.js"
import { readPublished, type PublishedImage } from "../../../../dagger/src/core/evidence/published-image.js"
import { artifactManifest, EMPTY_CONFIG } from "../../../../dagger/src/core/evidence/referrer.js"
import type { Referrer } from "../../../../dagger/src/core/oci/referrer.js"
import { readSigningKey } from "../../../../dagger/src/core/evidence/signing-key.js"
import {
  blobPath,
  canonicalJson,
  digestOf,
  LAYOUT_VERSION,
  MEDIA_TYPE,
  type Descriptor,
} from "../../../../dagger/src/core/oci/documents.js"
import { keySigner } from "../../../../dagger/src/pipeline/evidence/signers.js"
import type { Report } from "../../../../dagger/src/core/report/report.js"
import { billedEntry } from "../sbom/seeded-report.js"
import { evidenced, REPOSITORY } from "./evidenced.js"

/** A new key that signs, and what verifies its signatures. */
export function newSigner(kind: "ec" | "ed25519" = "ec"): { sign: StatementSigner; publicKey: string } {
  const { privateKey } = kind === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync(kind)
  const key = readSigningKey(privateKey.export({ format: "pem", type: "pkcs8" }).toString(), undefined, "test key")
  return { sign: keySigner(key), publicKey: key.publicKey }
}

/** An OCI image layout in memory, to which artifacts can be attached, and in which anything can be changed. */
export class PublishedLayout {
  readonly files = new Map<string, string>([["oci-layout", LAYOUT_VERSION]])
  readonly #entries: Descriptor[] = []

  /** Adds a blob, and returns its descriptor. */
  blob(mediaType: string, content: string): Descriptor {
    const digest = digestOf(content)
    this.files.set(blobPath(digest), content)
    return { mediaType, digest, size: Buffer.byteLength(content) }
  }

  /** Names a manifest or an index in index.json. */
  name(descriptor: Descriptor, tag?: string): void {
    const name = tag === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": tag } }
    this.#entries.push({ ...descriptor, ...name })
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: this.#entries }
    this.files.set("index.json", canonicalJson(index))
  }

  /** One platform's image, with a layer that only has a name. */
  image(architecture: string, layer = `layer of ${architecture}`): Descriptor {
    const layers = [this.blob("application/vnd.oci.image.layer.v1.tar+gzip", layer)]
    const config = this.blob(
      MEDIA_TYPE.config,
      canonicalJson({ os: "linux", architecture, rootfs: { type: "layers", diff_ids: [digestOf(layer)] } }),
    )
    const manifest = canonicalJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers })
    return { ...this.blob(MEDIA_TYPE.manifest, manifest), platform: { os: "linux", architecture } }
  }

  index(images: readonly Descriptor[]): Descriptor {
    return this.blob(
      MEDIA_TYPE.index,
      canonicalJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: images }),
    )
  }

  attach(referrer: Referrer): void {
    this.blob(EMPTY_CONFIG.mediaType, EMPTY_CONFIG.content)
    this.blob(referrer.mediaType, referrer.content)
    const subject = this.descriptor(referrer.subject)
    const manifest = this.blob(MEDIA_TYPE.manifest, artifactManifest(referrer, subject))
    this.name({ ...manifest, artifactType: referrer.artifactType })
  }

  /** Names what refers to each image by the fallback tags of registries that have no list of it, as `sha256-…`. */
  addFallbackTags(): void {
    const bySubject = new Map<string, Descriptor[]>()
    for (const entry of this.#entries) {
      const { subject, artifactType } = JSON.parse(this.files.get(blobPath(entry.digest)) ?? "") as {
        subject?: Descriptor
        artifactType?: string
      }
      if (subject) bySubject.set(subject.digest, [...(bySubject.get(subject.digest) ?? []), { ...entry, artifactType }])
    }
    for (const [digest, manifests] of bySubject) this.name(this.index(manifests), digest.replace(":", "-"))
  }

  /** Writes the layout into a folder. */
  write(folder: string): void {
    for (const [path, text] of this.files) {
      mkdirSync(join(folder, path, ".."), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  }

  descriptor(digest: string): Descriptor {
    const text = this.files.get(blobPath(digest)) ?? ""
    const { mediaType } = JSON.parse(text) as { mediaType: string }
    return { mediaType, digest, size: Buffer.byteLength(text) }
  }

  async read(name = ":latest"): Promise<PublishedImage> {
    const image = await readPublished(
      layoutImages((path) => Promise.resolve(this.files.get(path))),
      name,
    )
    if (!image) throw new Error(`there is no ${name}`)
    return image
  }
}

interface Publishing {
  sign?: StatementSigner
  repositories?: readonly string[]
  /** Which of the evidence is attached, with changes. */
  attached?: (all: Referrer[], digests: Digests) => Referrer[]
  report?: Partial<Report>
  /** What the amd64 image's only layer has. */
  layer?: string
}

interface Digests {
  index: string
  amd64: string
  arm64: string
}

/** A layout with an image for both platforms under the tag `latest`, and with the evidence about it. */
export async function published({ sign, repositories = [REPOSITORY], attached, report, layer }: Publishing): Promise<{
  layout: PublishedLayout
  digests: Digests
  evidence: Referrer[]
}> {
  const layout = new PublishedLayout()
  const [amd64, arm64] = [layout.image("amd64", layer), layout.image("arm64")]
  const index = layout.index([amd64, arm64])
  layout.name(index, "latest")
  const digests = { index: index.digest, amd64: amd64.digest, arm64: arm64.digest }
  const platforms = [
    billedEntry("linux/amd64", { digest: amd64.digest }),
    billedEntry("linux/arm64", { digest: arm64.digest }),
  ]
  const all = await evidenceOf([evidenced({ index: index.digest, platforms, ...report }, repositories)], sign)
  const evidence = attached ? attached(all, digests) : all
  for (const referrer of evidence) layout.attach(referrer)
  return { layout, digests, evidence }
}
