import type { BuiltVariant } from "../../dagger/src/pipeline/image/built-variant.js"
import type { DeliveryContext, Destination } from "../../dagger/src/pipeline/oci/destination.js"
import type { OutputFolder } from "../artifacts/output-folder.js"

/** One folder per variant below the output folder: an OCI layout and the reports. */
export class FolderDestination implements Destination {
  readonly place = "directory"

  constructor(private readonly output: OutputFolder) {}

  async deliver(images: readonly BuiltVariant[], { progress }: DeliveryContext): Promise<Map<string, string>> {
    const folders = new Map<string, string>()
    for (const image of images)
      folders.set(image.variant, await progress.run("all platforms", `write ${image.variant}`, () => this.write(image)))
    return folders
  }

  private async write({ variant, report, directory }: BuiltVariant): Promise<string> {
    // The layers are what takes time to write.
    const layers = report.platforms.flatMap((platform) => platform.layers ?? [])
    const blobs = layers.map(({ digest }) => digest.replace("sha256:", ""))
    return this.output.replace(variant, [...new Set(blobs)], async (fresh, present) => {
      await directory.withoutFiles(present).export(fresh)
    })
  }
}
