import type { BuiltVariant } from "../../dagger/src/pipeline/image/built-variant.js"
import type { DeliveryContext, Destination } from "../../dagger/src/pipeline/oci/destination.js"
import { writeArchive } from "../artifacts/archive.js"
import type { OutputFolder } from "../artifacts/output-folder.js"

/** A tar of each layout, beside the folder written by FolderDestination. */
export class ArchiveDestination implements Destination {
  readonly place = "archive"

  constructor(private readonly output: OutputFolder) {}

  async deliver(images: readonly BuiltVariant[], { progress }: DeliveryContext): Promise<Map<string, string>> {
    const archives = new Map<string, string>()
    for (const { variant, report } of images)
      if (report.index !== undefined) {
        const write = (file: string) => writeArchive(this.output.of(variant), file, report.created)
        const archive = () => this.output.replaceArchive(variant, write)
        archives.set(variant, await progress.run("all platforms", `archive ${variant}`, archive))
      }
    return archives
  }
}
