import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { blobPath } from "../../../../dagger/src/core/oci/documents.js"
import { sha256OfFile } from "../../../artifacts/file-digest.js"
import { emptyFolder } from "./config.js"

const indexSchema = z.object({
  manifests: z.array(z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })),
})
const manifestSchema = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string() })),
})

export interface ImageName {
  repository: string
  tag: string
}

/**
 * Stores an image as docker-registry's file system driver does, so that a read-only registry can serve it: without a push,
 * there is no moment when somebody else could push too. Blobs are hard links to the layout's.
 *
 * @param folder the registry's root; existing contents are deleted
 * @param layout an OCI layout; every blob in it is checked against its digest
 * @param image its only name
 * @throws RunnerImagesError ENGINE_STATE when a blob is missing or does not match its digest
 */
export async function writeRegistryStorage(
  folder: string,
  layout: string,
  image: ImageName & { digest: string },
): Promise<void> {
  const blobs = join(layout, "blobs", "sha256")
  for (const hex of readdirSync(blobs))
    if ((await sha256OfFile(join(blobs, hex))) !== hex)
      throw damaged(layout, `its blob sha256:${hex} does not match its digest`)

  emptyFolder(folder)
  const registry = join(folder, "docker", "registry", "v2")
  const text = (digest: string) => {
    try {
      return readFileSync(join(layout, blobPath(digest)), "utf8")
    } catch (cause) {
      throw damaged(layout, `it has no blob ${digest}`, cause)
    }
  }
  const link = (place: string, digest: string) => {
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, "link"), digest)
  }
  const manifests = indexSchema.parse(JSON.parse(text(image.digest))).manifests.map(({ digest }) => digest)
  const repository = repositoryFolder(folder, image)
  for (const digest of [image.digest, ...manifests])
    link(join(repository, "_manifests", "revisions", "sha256", hexOf(digest)), digest)
  const tag = join(repository, "_manifests", "tags", image.tag)
  link(join(tag, "current"), image.digest)
  link(join(tag, "index", "sha256", hexOf(image.digest)), image.digest)

  const parts = manifests.flatMap((digest) => {
    const { config, layers } = manifestSchema.parse(JSON.parse(text(digest)))
    return [config, ...layers].map((part) => part.digest)
  })
  for (const digest of parts) link(join(repository, "_layers", "sha256", hexOf(digest)), digest)
  for (const digest of [image.digest, ...manifests, ...parts]) {
    const hex = hexOf(digest)
    const place = join(registry, "blobs", "sha256", hex.slice(0, 2), hex)
    mkdirSync(place, { recursive: true })
    try {
      linkSync(join(layout, blobPath(digest)), join(place, "data"))
    } catch (error) {
      // The platforms' images share blobs when they share contents.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw damaged(layout, `it has no blob ${digest}`, error)
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
}

/**
 * Checks that a storage's only name still leads to the recorded digest.
 *
 * @throws RunnerImagesError ENGINE_STATE when it leads elsewhere
 */
export function checkNamedDigest(folder: string, image: ImageName, recorded: string | undefined): void {
  const path = join(repositoryFolder(folder, image), "_manifests", "tags", image.tag, "current", "link")
  const found = existsSync(path) ? readFileSync(path, "utf8").trim() : "nothing"
  if (found === recorded) return
  throw new RunnerImagesError(
    "ENGINE_STATE",
    `The recorded base image of this engine is ${recorded ?? "missing"}, but ${folder} has ${found} under its name.`,
    "Run engine down, then engine up, which restores the base image; find out who changed it, since only root can.",
  )
}

function repositoryFolder(folder: string, { repository }: ImageName): string {
  return join(folder, "docker", "registry", "v2", "repositories", repository)
}

function damaged(layout: string, why: string, cause?: unknown): RunnerImagesError {
  return new RunnerImagesError(
    "ENGINE_STATE",
    `The base images in ${layout} have changed since they were built: ${why}.`,
    `Remove ${layout} and run engine up again, which rebuilds them; find out who changed them, since only root can.`,
    { cause },
  )
}

/** @example hexOf("sha256:0f…") ⇒ "0f…" */
function hexOf(digest: string): string {
  return digest.slice("sha256:".length)
}
