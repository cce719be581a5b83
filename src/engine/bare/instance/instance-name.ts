import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"

const PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/

/**
 * The instance that is meant: `--instance`, else RUNNER_IMAGES_INSTANCE, else `default`.
 *
 * @throws RunnerImagesError USAGE when the name cannot be a folder's and a rule's name
 */
export function instanceName(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const name = flag ?? (env["RUNNER_IMAGES_INSTANCE"] || "default")
  if (PATTERN.test(name)) return name
  throw new RunnerImagesError(
    "USAGE",
    `"${name}" cannot be an engine instance's name.`,
    "Use at most 32 lower-case letters, digits and hyphens, starting with a letter or digit.",
  )
}
