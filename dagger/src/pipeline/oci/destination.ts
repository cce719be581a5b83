import type { VariantName } from "../../core/variants/names.js"
import type { BuildContext } from "../image/build-context.js"
import type { BuiltVariant } from "../image/built-variant.js"

/** Where a variant is after its delivery. */
export interface Places {
  /** Absolute path of the OCI layout and the reports. */
  directory?: string
  /** Absolute path of the tar of the layout. */
  archive?: string
  /** The name by which Docker or podman has it. */
  loaded?: string
  /** `repository@digest` */
  reference?: string
}

/** Where built images go: a folder, an archive, Docker or podman, or a registry. What can be wrong with it, its constructor finds. */
export interface Destination {
  /** What of {@link Places} it knows. */
  readonly place: keyof Places
  /**
   * Delivers all images of one run. Of an image of which a check failed there are only reports.
   *
   * @returns where each variant is now; one that was not delivered is left out
   */
  deliver(images: readonly BuiltVariant[], run: DeliveryContext): Promise<ReadonlyMap<VariantName, string>>
}

/** What a delivery needs of the build. */
export type DeliveryContext = Pick<BuildContext, "engineHost" | "inputs" | "progress">

/** An image, and where it is. */
export interface Delivered {
  image: BuiltVariant
  places: Places
}

/** Delivers to each destination in turn: the later ones may read what the earlier ones wrote. */
export async function deliver(
  images: readonly BuiltVariant[],
  destinations: readonly Destination[],
  run: DeliveryContext,
): Promise<Delivered[]> {
  const delivered = images.map((image): Delivered => ({ image, places: {} }))
  for (const destination of destinations) {
    const places = await destination.deliver(images, run)
    for (const { image, places: known } of delivered) {
      const place = places.get(image.variant)
      if (place !== undefined) known[destination.place] = place
    }
  }
  return delivered
}
