import { z } from "zod"

/** What the registry client (`dagger/registry/internal/failure`) prints when it fails. */
export const registryFailureSchema = z.object({
  kind: z.string(),
  /** What happened. */
  message: z.string(),
  /** What it was doing: `upload the blob sha256:… to ghcr.io/owner/runner`. */
  action: z.string().optional(),
  status: z.number().optional(),
  said: z.string().optional(),
})
export type RegistryFailure = z.infer<typeof registryFailureSchema>

/**
 * Reads a failure from the client's output.
 *
 * @param stderr explains a client that did not get as far as to print one
 */
export function readRegistryFailure(stdout: string, stderr: string): RegistryFailure {
  try {
    return z.object({ error: registryFailureSchema }).parse(JSON.parse(stdout)).error
  } catch {
    const line = stderr.trim().split("\n").at(-1) ?? ""
    return { kind: "unknown", message: line || "the registry client gave no reason" }
  }
}
