import { join } from "node:path"
import type { Configuration } from "../configuration/configuration.js"
import type { ImagePaths } from "../image-paths.js"

/**
 * Variables that make the runner call our hooks before and after each job, which call the user's. The runner accepts only one of each, whose
 * name ends in `.sh`.
 */
export function hookVariables(
  hooks: Configuration["hooks"],
  paths: Pick<ImagePaths, "library" | "hooks">,
): Record<string, string> {
  return {
    ACTIONS_RUNNER_HOOK_JOB_STARTED: join(paths.library, "hooks/job-started.sh"),
    ACTIONS_RUNNER_HOOK_JOB_COMPLETED: join(paths.library, "hooks/job-completed.sh"),
    RUNNER_IMAGES_HOOKS: paths.hooks,
    ...(hooks.started !== undefined && { RUNNER_IMAGES_USER_HOOK_STARTED: hooks.started }),
    ...(hooks.completed !== undefined && { RUNNER_IMAGES_USER_HOOK_COMPLETED: hooks.completed }),
  }
}
