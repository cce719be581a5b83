import { GitHubRegistrar } from "../../../docker/runtime/src/broker/server/github-registrar.js"
import type { PerformOperation } from "../../../docker/runtime/src/broker/server/github-registrar.js"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import { PERFORM } from "../../../docker/runtime/src/operations/perform.js"
import type { Access } from "../../../docker/runtime/src/operations/operation.js"
import { IMAGE } from "../configuration/host.js"
import { keptLog, type KeptLog } from "../github/scripted-server.js"

/** The operations themselves, in this process. */
export const performed: PerformOperation = async (name, input, signal = new AbortController().signal) =>
  await PERFORM[name](input, signal)

/** What a broker has after it read its configuration. */
export function accessFor(configuration: Configuration): Access {
  return {
    setup: {
      configuration,
      warnings: [],
      secrets: [],
      jobEnvironment: {},
      publicEnvironment: {},
      image: IMAGE,
    },
    environment: {},
    root: "/",
  }
}

interface Registered {
  readonly registrar: GitHubRegistrar
  readonly log: KeptLog
}

/** Registers the configured runner. */
export function registrarFor(configuration: Configuration, foreign: readonly number[] = []): Registered {
  const log = keptLog()
  const { name, labels, ephemeral, replace } = configuration
  const registrar = new GitHubRegistrar({
    access: accessFor(configuration),
    runner: { name, labels, ephemeral, replace },
    perform: performed,
    log,
    foreign: () => foreign,
  })
  return { registrar, log }
}
