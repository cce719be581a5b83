import { Socket } from "node:net"
import { opensApi } from "../../configuration/authentication.js"
import { becomeAgent } from "../../container/accounts/agent.js"
import { readEnvironment } from "../../environment.js"
import { failureMessage } from "../../failure-message.js"
import { type ImagePaths, splitEnvironment } from "../../image-paths.js"
import { log } from "../../log.js"
import type { Access } from "../../operations/operation.js"
import { performInWorker } from "../../operations/worker-process.js"
import { STOP_SIGNALS } from "../../processes/stop-request.js"
import { answerRequests } from "./answer-requests.js"
import { openAccess } from "./access.js"
import { firstLine } from "../protocol/first-line.js"
import { GitHubRegistrar } from "./github-registrar.js"
import type { Registrar } from "../protocol/registrar.js"
import type { PublicSetup, StartAnswer, StartMessage } from "../protocol/start-message.js"

/**
 * The broker of one container: reads its configuration, gives the supervisor the part without secrets, and registers and removes its runner
 * with the rest. It ends with the channel to the supervisor.
 *
 * @param descriptor of the channel
 */
export async function serveBroker(descriptor: number): Promise<void> {
  // A terminal's signals are for the supervisor, which decides; to leave GitHub's list it needs the broker.
  for (const signal of STOP_SIGNALS) process.on(signal, () => undefined)
  const { environment, paths } = splitEnvironment(readEnvironment(process.env))
  const channel = new Socket({ fd: descriptor })
  const start = await firstLine(channel)
  if (start === undefined) return
  const { jitConfiguration } = JSON.parse(start) as StartMessage
  const send = (answer: StartAnswer): void => void channel.write(`${JSON.stringify(answer)}\n`)
  let access: Access
  try {
    access = await openAccess(
      jitConfiguration === undefined
        ? environment
        : { ...environment, ACTIONS_RUNNER_INPUT_JITCONFIG: jitConfiguration },
      paths,
      "runner",
    )
  } catch (error) {
    send({ failure: failureMessage(error) })
    return
  }
  becomeAgent(paths.root)
  const registrar = await registrarFor(access)
  send({ setup: publicSetup(access, paths) })
  const { forgetCredential } = access.setup.configuration
  await answerRequests({
    stream: channel,
    log,
    who: "broker",
    async answer(request, signal) {
      if (request.request === "remove") return { removal: await registrar.remove(signal) }
      const grant = await registrar.register(request, signal)
      // The answer goes out before the process ends, with all that it knows.
      if (request.configured && forgetCredential) setImmediate(() => channel.end())
      return grant
    },
  })
  registrar.close()
}

async function registrarFor(access: Access): Promise<Registrar> {
  const { configuration } = access.setup
  const { authentication, name, labels, ephemeral, replace } = configuration
  const runner = { name, labels, ephemeral, replace }
  if (authentication.kind !== "broker") return new GitHubRegistrar({ access, runner, perform: performInWorker, log })
  const { RemoteRegistrar } = await import("../client/remote-registrar.js")
  return new RemoteRegistrar(authentication.endpoint, runner, log)
}

function publicSetup({ setup }: Access, paths: ImagePaths): PublicSetup {
  const { authentication, broker: _, ...configuration } = setup.configuration
  const { kind } = authentication
  return {
    configuration,
    asksGitHub: !configuration.forgetCredential && (kind === "broker" || opensApi(authentication)),
    ephemeral: configuration.ephemeral || kind === "jit",
    jobEnvironment: setup.jobEnvironment,
    environment: setup.publicEnvironment,
    image: setup.image,
    paths,
  }
}
