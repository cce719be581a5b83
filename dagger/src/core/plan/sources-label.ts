import { z } from "zod"
import { SOURCE_KINDS, type ImageSources, type SourceKind } from "../report/report.js"

/** The label that says where an image's tools come from. */
export const SOURCES_LABEL = "com.github.runner.sources"

const kindSchema = z.enum(SOURCE_KINDS)
const labelSchema = z.record(z.string(), kindSchema)

/**
 * The text of {@link SOURCES_LABEL}, the same for equal sources. It has no reasons, which can name private servers: those are in the report.
 *
 * @example sourcesLabel({ tools: { node: { from: "upstream", … } } }) ⇒ '{"node":"upstream"}'
 */
export function sourcesLabel({ tools }: Pick<ImageSources, "tools">): string {
  const kinds = Object.entries(tools).map(([name, { from }]) => [name, from] as const)
  return JSON.stringify(Object.fromEntries(kinds.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

/**
 * The kind of source of each tool according to a label, or the one kind of all tools: images of earlier versions have only that word.
 *
 * @returns undefined if the label says neither
 */
export function readSourcesLabel(text: string): Readonly<Record<string, SourceKind>> | SourceKind | undefined {
  const word = kindSchema.safeParse(text)
  if (word.success) return word.data
  try {
    return labelSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
