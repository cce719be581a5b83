import { RunnerImagesError } from "../../core/errors.js"
import { layoutImages } from "../../core/evidence/layout-images.js"
import { readPublished } from "../../core/evidence/published-image.js"
import type { Progress } from "../../core/progress/progress.js"
import type { Registry } from "./registry.js"

/**
 * What may be signatures of an image that a repository has: the texts of all that is attached to its index and its platforms' images, unverified. None
 * if there is no such image.
 *
 * @param digest of its index
 */
export async function attachedBundles(
  registry: Registry,
  repository: string,
  digest: string,
  progress: Progress,
): Promise<string[]> {
  const name = `@${digest}`
  if ((await registry.find(repository, name)) === undefined) return []
  try {
    const folder = await registry.evidence(repository, name)
    const files = new Set(await folder.glob("**"))
    const texts = new Map<string, Promise<string>>()
    const read = async (path: string): Promise<string | undefined> => {
      if (!files.has(path)) return undefined
      const text = texts.get(path) ?? folder.file(path).contents()
      texts.set(path, text)
      return text
    }
    const image = await readPublished(layoutImages(read), name)
    const referrers = [...(image?.index?.referrers ?? []), ...(image?.images ?? []).flatMap((one) => one.referrers)]
    return referrers.flatMap(({ content }) => content ?? [])
  } catch (error) {
    // Others can attach what nobody can read. All that follows is that everything is signed once more.
    if (!(error instanceof RunnerImagesError)) throw error
    progress.warn("all platforms", `what is attached to ${repository}${name} is not used again: ${error.problem}`)
    return []
  }
}
