import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import type { Mirror } from "../../../dagger/src/core/text/mirror.js"
import { connect, type Connection } from "../../../docker/runtime/src/doctor/examination/connection.js"
import { proxyFor } from "../../../docker/runtime/src/doctor/examination/proxy.js"
import { checkHost, type HostFacts } from "../../engine/bare/host/host.js"
import { recordedBases } from "../../engine/bare/instance/known.js"
import { runningEngine } from "../../engine/bare/up.js"
import {
  CONTAINER_ENGINES,
  containerEngine,
  type ContainerEngine,
  type ContainerEngineState,
} from "../../engine/container-engine.js"
import { findEngine, type FoundEngine } from "../../engine/find.js"

/** What is examined. A test gives folders, programs and servers of its own. */
export interface World {
  env: NodeJS.ProcessEnv
  /** Where the system's files are: `/`, but for tests. */
  root: string
  facts: HostFacts
  /** As in `process.version`. */
  nodeVersion: string
  /** The oldest Node.js that will do, as in package.json: `>=20.19`. */
  nodeNeeded: string
  /** The folder that builds are written to. */
  output: string
  /** The catalog's pins. */
  pins: string
  /** Where vendors' files are fetched instead. */
  mirror: Mirror | undefined
  /** The registry of the base image, which engines in Docker ask. */
  imageRegistry: string
  /** Certificate authorities that downloads trust: the bundle's path and its text in PEM, nothing if this host has none, or what is wrong with it. */
  trust: { path?: string; pem?: string } | { fault: RunnerImagesError }
  now: () => Date
  /** Bytes that can be written where a path is, or will be. */
  freeBytes: (path: string) => number
  /** Milliseconds that an answer of a program or a server may take. */
  patience: number
}

/**
 * The engine that a build here would use. `startable`: the bare engine, which does not run yet. `none`: nor can it run here. `broken`: the
 * search itself fails.
 */
export type Search =
  | { kind: "found"; engine: FoundEngine; bare: boolean }
  | { kind: "startable" }
  | { kind: "none"; why: RunnerImagesError }
  | { kind: "broken"; why: RunnerImagesError }

/** Ends the search where an engine would have to be started. */
class NotRunning extends Error {}

/** The world, and what several checks ask of it, each question asked once. */
export class Examination {
  private readonly connections = new Map<string, Promise<Connection>>()
  private readonly engines = new Map<ContainerEngine, Promise<ContainerEngineState>>()
  private searched: Promise<Search> | undefined

  constructor(readonly world: World) {}

  containerEngine(cli: ContainerEngine): Promise<ContainerEngineState> {
    const { env, patience } = this.world
    return remember(this.engines, cli, () => containerEngine(cli, env, patience))
  }

  async containerEngines(): Promise<Record<ContainerEngine, ContainerEngineState>> {
    const [docker, podman] = await Promise.all(CONTAINER_ENGINES.map((cli) => this.containerEngine(cli)))
    return { docker: docker ?? { state: "absent" }, podman: podman ?? { state: "absent" } }
  }

  search(): Promise<Search> {
    return (this.searched ??= this.findEngine())
  }

  /** Asks a server once, whatever it answers. Never rejects. */
  ask(address: string): Promise<Connection> {
    return remember(this.connections, address, async (): Promise<Connection> => {
      const url = new URL(address)
      const { env, trust, patience } = this.world
      const ca = "pem" in trust ? trust.pem : undefined
      try {
        const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? ""]))
        const proxy = proxyFor(url, given)
        return await connect(url, { proxy, timeoutMs: patience, ...(ca === undefined ? {} : { ca: [ca] }) })
      } catch (error) {
        return { url, failed: "proxy", reason: error instanceof Error ? error.message : String(error) }
      }
    })
  }

  private async findEngine(): Promise<Search> {
    const { env, facts } = this.world
    const bare = async () => {
      const running = await runningEngine(undefined, checkHost(facts), undefined, env)
      if (!running) throw new NotRunning()
      return running
    }
    const server = async (cli: ContainerEngine) => {
      const found = await this.containerEngine(cli)
      return found.state === "running" ? found.version : undefined
    }
    // Taken out of the image when a build needs it.
    const imageCli = () => Promise.resolve(undefined)
    try {
      const probes = { env, server, imageCli, bare, recordedBases }
      const engine = await findEngine({ bareEngine: true, log: () => undefined }, probes)
      return { kind: "found", engine, bare: engine.baseDigests !== undefined }
    } catch (error) {
      if (error instanceof NotRunning) return { kind: "startable" }
      if (!(error instanceof RunnerImagesError)) throw error
      return { kind: error.code === "ENGINE_HOST" ? "none" : "broken", why: error }
    }
  }
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}
