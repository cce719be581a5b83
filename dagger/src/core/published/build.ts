import { buildOf, diffError, type Build } from "../diff/build.js"
import { RunnerImagesError } from "../errors.js"
import { blobPath, MEDIA_TYPE } from "../oci/documents.js"
import { readLayout, type LayoutReader } from "../oci/layout.js"
import { REPORT_MEDIA_TYPE } from "../evidence/referrer.js"
import { referrersOf } from "./artifacts.js"
import { requireImage } from "./image.js"
import { readReport } from "./inspection.js"
import type { PublishedImages } from "./published-images.js"

/**
 * A published image as a build that can be compared with another: its report, which was attached to its index, and the documents of its images.
 *
 * @param name `@sha256:…` or `:tag`
 * @throws RunnerImagesError IMAGE_MISSING, DIFF_INVALID when it has no report, or one that does not describe it, or the registry's
 */
export async function publishedBuild(
  images: PublishedImages,
  { repository, name }: { repository: string; name: string },
): Promise<Build> {
  const image = await requireImage(images, repository, name)
  const shown = `${repository}${name}`
  const referrers = await referrersOf(images, repository, image.digest)
  const report = await readReport(images, repository, referrers)
  if (!report) {
    const attached = referrers.some(({ artifactType }) => artifactType === REPORT_MEDIA_TYPE)
    throw diffError(
      shown,
      attached ? "the report that is attached to it cannot be read" : "no report is attached to it",
    )
  }
  const manifests = new Set([image.digest, ...image.platforms.map(({ digest }) => digest)].map(blobPath))
  const manifest = async (digest: string): Promise<string> => {
    const text = await images.find(repository, `@${digest}`)
    if (text === undefined) throw diffError(shown, `the registry does not have ${digest}`)
    return text
  }
  const root = await manifest(image.digest)
  const mediaType = image.isIndex ? MEDIA_TYPE.index : MEDIA_TYPE.manifest
  const entry = { mediaType, digest: image.digest, size: Buffer.byteLength(root) }
  const read: LayoutReader = async (path) => {
    if (path === "index.json")
      return JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [entry] })
    const digest = path.replace("blobs/", "").replace("/", ":")
    if (digest === image.digest) return root
    return manifests.has(path) ? manifest(digest) : images.blob(repository, digest)
  }
  try {
    return buildOf(report, await readLayout(read), shown)
  } catch (error) {
    if (!(error instanceof RunnerImagesError) || error.code !== "BUILD_FAILED") throw error
    throw diffError(shown, `its documents are not those of this project: ${error.problem}`, error)
  }
}
