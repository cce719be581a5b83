import type { BuiltVariant } from "../../dagger/src/pipeline/image/built-variant.js"
import type { DeliveryContext, Destination } from "../../dagger/src/pipeline/oci/destination.js"
import type { OutputFolder } from "../artifacts/output-folder.js"

/** One folder per variant below the output folder: an OCI layout and the reports. */
export class FolderDestination implements Destination {
  readonly place = "directory"

  constructor(private readonly output: OutputFolder) {}

  async deliver(images: readonly BuiltVariant[], { progress }: DeliveryContext): Promise<Map<string, string>> {
    const folders = new Map<string, string>()
    for (const { variant, report, directory } of images)
      await progress.run("all platforms", `write ${variant}`, async () => {
        const blobs = report.index === undefined ? [] : await directory.entries({ path: "blobs/sha256" })
        const folder = await this.output.replace(variant, blobs, async (fresh, present) => {
          await directory.withoutFiles(present).export(fresh)
        })
        folders.set(variant, folder)
      })
    return folders
  }
}
