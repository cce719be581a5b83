import { createHash } from "node:crypto"
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { answerRequests } from "../../../docker/runtime/src/broker/server/answer-requests.js"
import { BrokerClient } from "../../../docker/runtime/src/broker/client/client.js"
import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"
import type { RegistrationOptions } from "../../../docker/runtime/src/supervisor/obtain-registration.js"
import { performed, registrarFor } from "../broker/registrar-for.js"
import { socketPair } from "../broker/socket-pair.js"
import { keptLog, type KeptLog } from "../github/scripted-server.js"

interface Brokered {
  readonly options: RegistrationOptions
  readonly log: KeptLog
  readonly controller: AbortController
  /** As the supervisor asks at its end. */
  readonly remove: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** A supervisor's broker, over a real connection, and what a registration takes beside it. */
export async function brokered(configuration: Configuration, folder: string): Promise<Brokered> {
  const log = keptLog()
  const { registrar, log: brokerLog } = registrarFor(configuration)
  const [own, others] = await socketPair()
  const served = answerRequests({
    stream: others,
    log: brokerLog,
    who: "broker",
    answer: async (request, signal) =>
      request.request === "remove"
        ? { removal: await registrar.remove(signal) }
        : await registrar.register(request, signal),
  })
  const broker = new BrokerClient(own)
  const controller = new AbortController()
  const { authentication: _, ...known } = configuration
  const options: RegistrationOptions = {
    configuration: known,
    broker,
    folder,
    environment: { PATH: process.env.PATH ?? "", HOME: "/tmp" },
    manifest: manifestOf(folder),
    perform: performed,
    log,
    signal: controller.signal,
    window: 20_000,
    delay: 20,
  }
  return {
    options,
    log,
    controller,
    remove: async () => {
      const answer = await broker.send({ request: "remove" })
      return "removal" in answer ? answer.removal : answer
    },
    close: async () => {
      broker.close()
      await served
      rmSync(options.manifest, { force: true })
    },
  }
}

/** Writes down the runner's programs as they are. */
function manifestOf(folder: string): string {
  const paths = ["", "bin"].flatMap((below) => filesOf(folder, below, below !== ""))
  const sum = (name: string): string => {
    const file = join(folder, name)
    if (lstatSync(file).isSymbolicLink()) return `link:${readlinkSync(file)}`
    return createHash("sha256").update(readFileSync(file)).digest("hex")
  }
  const path = `${folder}.sha256`
  writeFileSync(path, paths.map((name) => `${sum(name)}  ${name}\n`).join(""))
  return path
}

function filesOf(folder: string, below: string, deep: boolean): string[] {
  try {
    return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
      const path = join(below, entry.name)
      if (entry.isDirectory()) return deep ? filesOf(folder, path, true) : []
      return !entry.isDirectory() && (deep || entry.name.endsWith(".sh")) ? [path] : []
    })
  } catch {
    return []
  }
}
