import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"

const PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/

/**
 * The instance's name: `--instance`, else RUNNER_IMAGES_INSTANCE, else `default`.
 *
 * @throws RunnerImagesError USAGE when it cannot name a folder and a firewall rule
 */
export function instanceName(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const name = flag ?? (env["RUNNER_IMAGES_INSTANCE"] || "default")
  if (PATTERN.test(name)) return name
  throw new RunnerImagesError(
    "USAGE",
    `"${name}" is not a valid name for an engine instance.`,
    "Use at most 32 lower-case letters, digits and hyphens, starting with a letter or digit.",
  )
}
