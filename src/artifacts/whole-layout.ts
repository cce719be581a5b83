import { join } from "node:path"
import { LAYOUT_VERSION, blobPath } from "../../dagger/src/core/oci/documents.js"
import { readLayout, type LayoutImage } from "../../dagger/src/core/oci/layout.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { sbomPaths } from "../../dagger/src/core/sbom/formats.js"
import { readDocument } from "../../dagger/src/pipeline/oci/layout-files.js"
import { lookup } from "./lookup.js"

/** Files beside the layout that a build writes, besides the bills of materials. */
const REPORTS = ["report.md", "report.xml"]

/**
 * The images of a layout, if it is still as the build wrote it: the documents are read and have their digests, the layers are there and
 * have their sizes. Layers are not read, which would take seconds; that is done before they are reused, and by whoever pulls them.
 *
 * @param folder absolute, with the layout and its reports
 * @returns undefined if anything is missing or different
 */
export async function wholeLayout(folder: string, report: Report): Promise<LayoutImage[] | undefined> {
  try {
    const read = (path: string) => readDocument(folder, path)
    const { index, images } = await readLayout(read)
    const expected = report.platforms.map(({ digest }) => digest)
    const whole =
      index !== undefined &&
      index.digest === report.index &&
      images.length === expected.length &&
      images.every(({ digest }) => expected.includes(digest)) &&
      (await read("oci-layout")).trim() === LAYOUT_VERSION &&
      images.every(({ manifest }) => manifest.layers.every((layer) => hasSize(folder, layer))) &&
      [...REPORTS, ...sbomPaths(report.platforms.map(({ platform }) => platform))].every((name) =>
        lookup(join(folder, name))?.isFile(),
      )
    return whole ? images : undefined
  } catch {
    // Whatever is wrong with it, it is built again.
    return undefined
  }
}

function hasSize(folder: string, { digest, size }: { digest: string; size: number }): boolean {
  const found = lookup(join(folder, blobPath(digest)))
  return found?.isFile() === true && found.size === size
}
