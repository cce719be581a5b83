import { copyConfiguration } from "../runner/configuration-files.js"
import { writeJitConfiguration } from "../runner/jit.js"
import { register, type RegistrationOptions } from "../runner/registration.js"

/**
 * Configures the runner: from a just-in-time configuration, from the folder that an earlier container kept its own in, or by registering it.
 *
 * @throws {RuntimeFailure} as writeJitConfiguration and register
 * @throws the reason of the program's signal when it was aborted
 */
export async function obtainRegistration(options: RegistrationOptions): Promise<void> {
  const { configuration, program, log } = options
  const { authentication, reuseFolder, name, labels } = configuration
  if (authentication.kind === "jit") {
    writeJitConfiguration(program.folder, authentication.config)
    return
  }
  if (reuseFolder !== undefined && copyConfiguration(reuseFolder, program.folder)) {
    log.info(`the runner is registered already, as ${reuseFolder} has it`)
    return
  }
  await register(options)
  log.info(`registered as ${name} with the labels ${labels.join(", ")}`)
  if (reuseFolder !== undefined) copyConfiguration(program.folder, reuseFolder)
}
