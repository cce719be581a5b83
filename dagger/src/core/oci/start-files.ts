import { z } from "zod"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"
import { parseDocument } from "./documents.js"

/** The placeholder for a platform's spelling in a path, as `archNeutral` writes it. */
const ANY = /(?<![A-Za-z0-9])ARCH(?![A-Za-z0-9])/

const schema = z.array(z.string().startsWith("/"))

/**
 * The files that a container reads until its runner listens for jobs, for every platform: absolute paths in the order of their first use; one that ends
 * with a slash stands for all files below it. An image has only some of them. They do not depend on the platforms that are built, so that a platform's layers
 * do not either.
 *
 * @param recorded the text of start-files.json
 * @throws RunnerImagesError BUILD_FAILED when it is not a list of absolute paths
 */
export function startFiles(recorded: string): string[] {
  const paths = parseDocument(schema, recorded, "start-files.json")
  return [...new Set(paths.flatMap((path) => PLATFORMS.flatMap((platform) => spelt(path, words(platform)))))]
}

function words(platform: PlatformName): string[] {
  const { arch, uname, vendor, gnu } = spelling(platform)
  return [...new Set([gnu, gnu.replaceAll("_", "-"), uname, vendor, arch])]
}

/** A path with a spelling in each placeholder's place, in every combination: a path can have the same platform in two spellings. */
function spelt(path: string, spellings: readonly string[]): string[] {
  if (!ANY.test(path)) return [path]
  return spellings.flatMap((word) => spelt(path.replace(ANY, word), spellings))
}
