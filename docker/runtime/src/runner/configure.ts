import type { Configuration } from "../configuration/configuration.js"
import { RuntimeFailure } from "../failure.js"
import { type ConfigProgram, type ConfigResult, FINISHING, runConfigProgram } from "./config-program.js"
import { registrationFailure } from "./registration-failure.js"

/**
 * Registers the runner with config.sh, once.
 *
 * @param token a registration token
 * @throws {RuntimeFailure} REGISTRATION, TOKEN_INVALID, NOT_FOUND, NETWORK or VERSION_REFUSED, by what config.sh said
 * @throws the signal's reason when it was aborted
 */
export async function configure(configuration: Configuration, token: string, program: ConfigProgram): Promise<void> {
  const result = await runConfigProgram(
    program,
    configureArguments(configuration),
    token,
    program.finishing ?? FINISHING,
  )
  if (result.code !== 0) throw registrationFailure(configuration, result)
}

/** config.sh's arguments: everything but the token. */
export function configureArguments(configuration: Configuration): string[] {
  const { target, name, labels, noDefaultLabels, group, workFolder, replace, ephemeral, disableUpdate } = configuration
  if (!target)
    throw new RuntimeFailure("CONFIGURATION", "there is nothing to register for", "Give REPO_URL or ORG_NAME.")
  const args = ["--unattended", "--url", target.url, "--name", name, "--work", workFolder]
  if (labels.length > 0) args.push("--labels", labels.join(","))
  if (noDefaultLabels) args.push("--no-default-labels")
  if (group !== undefined) args.push("--runnergroup", group)
  if (replace) args.push("--replace")
  if (ephemeral) args.push("--ephemeral")
  if (disableUpdate) args.push("--disableupdate")
  return args
}

/** What came of `config.sh remove`. `busy`: GitHub does not let a runner go that has a job. */
export type Removal =
  { readonly outcome: "removed" | "busy" } | { readonly outcome: "failed"; readonly result: ConfigResult }

/**
 * Deregisters the runner with config.sh, once; without a token, only its files.
 *
 * @throws the signal's reason when it was aborted
 */
export async function remove(token: string | undefined, program: ConfigProgram): Promise<Removal> {
  const result = await runConfigProgram(program, token === undefined ? ["remove", "--local"] : ["remove"], token)
  if (result.code === 0) return { outcome: "removed" }
  if (result.lines.some((line) => /(still|currently) running a job/i.test(line))) return { outcome: "busy" }
  return { outcome: "failed", result }
}
