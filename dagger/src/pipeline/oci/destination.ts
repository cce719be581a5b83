import type { VariantName } from "../../core/variants/names.js"
import type { BuildContext } from "../image/build-context.js"
import type { BuiltVariant } from "../image/built-variant.js"

/** Where a variant is after its delivery. */
export interface Places {
  /** Absolute path of the OCI layout and the reports. */
  directory?: string
  /** Absolute path of the tar of the layout. */
  archive?: string
  /** Its name in Docker or podman. */
  loaded?: string
  /** `repository@digest` */
  reference?: string
}

/** Where built images go: a folder, an archive, Docker or podman, or a registry. The constructor reports invalid destinations. */
export interface Destination {
  /** Which of {@link Places} it sets. */
  readonly place: keyof Places
  /**
   * Delivers all images of one run. An image that failed a check only has reports.
   *
   * @returns where each variant is now; variants that were not delivered are left out
   */
  deliver(images: readonly BuiltVariant[], run: DeliveryContext): Promise<ReadonlyMap<VariantName, string>>
}

/** What a delivery needs from the build. */
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
