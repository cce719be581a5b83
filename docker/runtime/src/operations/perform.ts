import { readConfiguration } from "../configuration/configuration.js"
import { certificatePaths } from "../container/certificate-paths.js"
import { readCertificates, trust } from "../container/certificates.js"
import { containerHost } from "../container/host.js"
import { useProxy } from "../container/proxy.js"
import { runnersOf } from "../github/runners.js"
import { tokenSource } from "../github/tokens.js"
import { log } from "../log.js"
import { deregister, type RegistrationOptions } from "../runner/registration.js"
import { obtainRegistration } from "../supervisor/obtain-registration.js"
import type { OperationName, Operations, RegistrationContext } from "./operation.js"

type Perform = {
  [Name in OperationName]: (
    input: Operations[Name]["input"],
    signal: AbortSignal,
  ) => Promise<Operations[Name]["output"]>
}

/** The operations themselves. They throw what the functions throw that they call. */
export const PERFORM: Perform = {
  readConfiguration({ environment, paths }) {
    const host = containerHost(paths)
    return Promise.resolve({ ...readConfiguration(environment, host), image: host.image })
  },
  async register(context, signal) {
    await obtainRegistration(registration(context, signal))
    return null
  },
  deregister: (context, signal) => deregister(registration(context, signal)),
}

function registration(context: RegistrationContext, signal: AbortSignal): RegistrationOptions {
  const { setup, folder, environment, containerEnvironment } = context
  const { configuration, secrets, image } = setup
  for (const secret of secrets) log.hide(secret)
  trust(readCertificates(certificatePaths(configuration, containerEnvironment)))
  useProxy(containerEnvironment)
  const client = { log, userAgent: `runner-images/${image.version}` }
  return {
    configuration,
    tokens: tokenSource(configuration, client),
    runners: runnersOf(configuration, client),
    program: { folder, environment, signal },
    log,
  }
}
