import { z } from "zod"
import { firstIssue, parseJson } from "../text/json.js"

/** https://github.com/in-toto/attestation/tree/main/spec/v1: the parts of the format that our statements have. */

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

/** Of a statement as text, in an envelope or in a registry. */
export const STATEMENT_MEDIA_TYPE = "application/vnd.in-toto+json"

const digestSetSchema = z.record(z.string(), z.string())

export const resourceSchema = z
  .object({
    name: z.string().optional(),
    uri: z.string().optional(),
    digest: digestSetSchema.optional(),
    mediaType: z.string().optional(),
    annotations: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(({ name, uri, digest }) => name !== undefined || uri !== undefined || digest !== undefined, {
    message: "a resource has a name, a URI or a digest",
  })
/** What a statement is about, or what it names. */
export type Resource = z.infer<typeof resourceSchema>

export const statementSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.object({ name: z.string().optional(), digest: digestSetSchema })).min(1),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()),
})
export type Statement = z.infer<typeof statementSchema>

/**
 * A statement about an image or an index.
 *
 * @param digest of its manifest, as `sha256:…`
 * @param repositories that it is published in: each is a subject's name, so that a copy elsewhere does not pass for the original
 */
export function statementOf(
  digest: string,
  repositories: readonly string[],
  predicateType: string,
  predicate: object,
): Statement {
  const sha256 = digest.replace("sha256:", "")
  const named = repositories.map((name) => ({ name, digest: { sha256 } }))
  return {
    _type: STATEMENT_TYPE,
    subject: named.length === 0 ? [{ digest: { sha256 } }] : named,
    predicateType,
    predicate: { ...predicate },
  }
}

/**
 * Reads the text of a statement.
 *
 * @param invalid makes the error of why it cannot be read
 */
export function parseStatement(text: string, invalid: (why: string) => Error): Statement {
  const parsed = statementSchema.safeParse(parseJson(text, invalid))
  if (!parsed.success) throw invalid(firstIssue(parsed.error))
  return parsed.data
}
