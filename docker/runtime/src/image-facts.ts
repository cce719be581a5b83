import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as z from "zod"
import { RuntimeFailure } from "./failure.js"

const factsSchema = z.object({
  /** `chrome` */
  variant: z.string(),
  /** This project's version. */
  version: z.string(),
  /** As OCI spells it. */
  platform: z.string(),
  /** What the image is built on: `debian:trixie-slim`. */
  base: z.string(),
  /** GitHub's own, or the unofficial github-act-runner. */
  runner: z.object({ kind: z.enum(["official", "act"]), version: z.string() }),
  /** The label by which GitHub knows this machine's architecture. */
  architectureLabel: z.string(),
  /** Version by name. */
  tools: z.record(z.string(), z.string()),
})

/** What the pipeline recorded about the image. */
export type ImageFacts = z.infer<typeof factsSchema> & {
  /** Labels of other architectures, which this machine must not claim. */
  foreignArchitectureLabels: string[]
}

/**
 * Reads `image.json` and, beside it, the labels of all architectures, which are the same in every image.
 *
 * @throws {RuntimeFailure} UNCLASSIFIED when one of them is not as the pipeline writes it
 */
export function readImageFacts(file: string): ImageFacts {
  const labels = join(dirname(file), "architecture-labels.json")
  try {
    const facts = factsSchema.parse(JSON.parse(readFileSync(file, "utf8")))
    const all = z.array(z.string()).parse(JSON.parse(readFileSync(labels, "utf8")))
    return { ...facts, foreignArchitectureLabels: all.filter((label) => label !== facts.architectureLabel) }
  } catch (cause) {
    throw new RuntimeFailure(
      "UNCLASSIFIED",
      `${file} is not a valid description of the image`,
      "The image is damaged, or not one of this project. Pull or build it again.",
      { cause },
    )
  }
}
