import { pathOf } from "../text/reference.js"
import type { Referrer } from "../oci/referrer.js"

/** An image for one repository. */
export interface PlannedPush {
  /** As the user wrote it. */
  repository: string
  /** Where the client finds the OCI layout: absolute path. Absent if the repository has the image, and only referrers are new. */
  layout?: string
  /** Digest of the image's index. */
  index: string
  referrers: readonly Referrer[]
}

/** The plan among the files of {@link pushPlan}. */
export const PLAN_FILE = "plan.json"

/**
 * What the registry client (`dagger/registry/internal/registry/push.go`) reads for one push: the plan, and beside it the contents of all
 * referrers.
 *
 * @param siblings other repositories of the registry that may have blobs
 */
export function pushPlan(images: readonly PlannedPush[], siblings: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {}
  const repositories = images.map(({ repository, layout, index, referrers }, image) => ({
    ...{ repository: pathOf(repository), layout, index },
    referrers: referrers.map(({ content, ...referrer }, place) => {
      const file = `referrer-${String(image)}-${String(place)}`
      files[file] = content
      return { ...referrer, file }
    }),
  }))
  return { ...files, [PLAN_FILE]: JSON.stringify({ repositories, siblings: siblings.map(pathOf) }) }
}
