import type { z } from "zod"
import { RunnerImagesError } from "../errors.js"
import { firstIssue, parseJson } from "../text/json.js"

/**
 * Parses a list of allowed differences.
 *
 * @param list its name in messages: `list of allowed differences`
 * @param nameOf the name of an entry, which must be unique
 * @throws RunnerImagesError ALLOW_LIST_INVALID when it is not JSON, does not match the schema, or names an entry twice
 */
export function readAllowList<T>(
  text: string,
  schema: z.ZodType<T[]>,
  { list, remedy, nameOf }: { list: string; remedy: string; nameOf: (entry: T) => string },
): T[] {
  const invalid = (why: string, cause?: unknown) =>
    new RunnerImagesError("ALLOW_LIST_INVALID", `The ${list} cannot be used: ${why}.`, remedy, { cause })
  const parsed = schema.safeParse(parseJson(text, invalid))
  if (!parsed.success) throw invalid(firstIssue(parsed.error))
  const names = parsed.data.map(nameOf)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`it lists ${twice} twice`)
  return parsed.data
}
