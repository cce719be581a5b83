import { readConfiguration } from "../configuration/configuration.js"
import { certificatePaths } from "../container/certificate-paths.js"
import { trust, trustedCertificates } from "../container/certificates.js"
import { containerHost } from "../container/host.js"
import { useProxy } from "../container/proxy.js"
import { grantRegistration, removeLeftover, removeRunner } from "../github/registration.js"
import { runnersOf } from "../github/runners.js"
import { tokenSource } from "../github/tokens.js"
import { log } from "../log.js"
import { configure } from "../runner/configure.js"
import { writeJitConfiguration } from "../runner/jit.js"
import { changedPrograms, refuseChangedPrograms, removeForeignInputs } from "../runner/programs.js"
import type { Access, OperationName, Operations } from "./operation.js"

type Perform = {
  [Name in OperationName]: (
    input: Operations[Name]["input"],
    signal: AbortSignal,
  ) => Promise<Operations[Name]["output"]>
}

/** The operations themselves. They throw what the functions that they call throw. */
export const PERFORM: Perform = {
  readConfiguration({ environment, paths, role }) {
    const host = containerHost(paths)
    return Promise.resolve({ ...readConfiguration(environment, host, role), image: host.image })
  },
  grant: ({ access, runner }, signal) => grantRegistration(gitHub(access), runner, signal),
  async identify({ access, name }, signal) {
    const found = await gitHub(access).runners?.find(name, signal)
    return found ? { id: found.id } : {}
  },
  removeRunner: ({ access, id }, signal) => removeRunner(gitHub(access), id, signal),
  removeLeftover: ({ access, id }, signal) => removeLeftover(gitHub(access), id, signal),
  async configure({ configuration, token, folder, environment, manifest }, signal) {
    log.hide(token)
    await refuseChangedPrograms(folder, manifest)
    for (const name of removeForeignInputs(folder)) log.info(`removed ${name} of an earlier start`)
    await configure(configuration, token, { folder, environment, signal })
    return null
  },
  writeJitConfiguration({ folder, configuration }) {
    writeJitConfiguration(folder, configuration)
    return Promise.resolve(null)
  },
  async cleanBeforeJobs({ plan, environment }) {
    const { cleanBeforeJobs } = await import("../cleaning/clean.js")
    await cleanBeforeJobs(plan, environment, log)
    return null
  },
  changedPrograms: ({ folder, manifest }) => changedPrograms(folder, manifest),
}

function gitHub({ setup, environment, root }: Access) {
  const { configuration, secrets, image } = setup
  for (const secret of secrets) log.hide(secret)
  trust(trustedCertificates(certificatePaths(configuration, environment), root).certificates)
  useProxy(environment)
  const client = { log, userAgent: `runner-images/${image.version}` }
  return {
    configuration,
    registrationToken: tokenSource(configuration, client),
    runners: runnersOf(configuration, client),
    log,
  }
}
