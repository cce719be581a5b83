const INPUT = "ACTIONS_RUNNER_INPUT_"

/**
 * The environment for the runner's programs. Without the runner's input variables: they would be read as options, and stay readable in
 * /proc for jobs.
 *
 * @param jobEnvironment what jobs get
 */
export function childEnvironment(
  jobEnvironment: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const kept = Object.entries(jobEnvironment).filter(([name]) => !name.toUpperCase().startsWith(INPUT))
  // The scripts refuse root otherwise. Whether the runner may be root was decided before.
  const root = process.getuid?.() === 0 ? { RUNNER_ALLOW_RUNASROOT: "1" } : {}
  return { ...Object.fromEntries(kept), ...root, ...more }
}

/** The name by which config.sh takes a token from its environment. */
export const TOKEN_INPUT = `${INPUT}TOKEN`
