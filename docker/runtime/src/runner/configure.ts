import type { ConfigureSettings } from "./configure-settings.js"
import { type ConfigProgram, FINISHING, runConfigProgram } from "./config-program.js"
import { registrationFailure } from "./registration-failure.js"

/**
 * Registers the runner with config.sh, once.
 *
 * @param token a registration token
 * @throws {RuntimeFailure} REGISTRATION, TOKEN_INVALID, NOT_FOUND, NETWORK or VERSION_REFUSED, by what config.sh said
 * @throws the signal's reason when it was aborted
 */
export async function configure(settings: ConfigureSettings, token: string, program: ConfigProgram): Promise<void> {
  const result = await runConfigProgram(program, configureArguments(settings), token, program.finishing ?? FINISHING)
  if (result.code !== 0) throw registrationFailure(settings, result)
}

/** config.sh's arguments: everything but the token. */
export function configureArguments(settings: ConfigureSettings): string[] {
  const { url, name, labels, noDefaultLabels, group, workFolder, replace, ephemeral, disableUpdate } = settings
  const args = ["--unattended", "--url", url, "--name", name, "--work", workFolder]
  if (labels.length > 0) args.push("--labels", labels.join(","))
  if (noDefaultLabels) args.push("--no-default-labels")
  if (group !== undefined) args.push("--runnergroup", group)
  if (replace) args.push("--replace")
  if (ephemeral) args.push("--ephemeral")
  if (disableUpdate) args.push("--disableupdate")
  return args
}
