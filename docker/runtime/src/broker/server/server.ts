import type { Duplex } from "node:stream"
import type { BrokerSettings } from "../../configuration/broker.js"
import { RuntimeFailure } from "../../failure.js"
import type { Log } from "../../log.js"
import type { Access } from "../../operations/operation.js"
import { answerRequests } from "./answer-requests.js"
import { type PerformOperation, GitHubRegistrar } from "./github-registrar.js"
import type { Leases } from "./leases.js"
import type { BrokerAnswer, BrokerRequest, RegisterRequest } from "../protocol/protocol.js"
import { Rate } from "./rate.js"
import type { RequestedRunner } from "../../github/registered-runner.js"

const SECOND = 1000

/** How many requests one connection may send: a runner that cannot deregister yet because it has a job asks once a second. */
const REQUESTS = { burst: 30, perSecond: 2 }

/** How many new runners may register at once, and then per second. */
const REGISTRATIONS = { burst: 50, perSecond: 1 }

/** Connections beside those of runners, which come and go. */
export const SPARE_CONNECTIONS = 20

/** Milliseconds within which a connection has to send a valid request. */
const FIRST_REQUEST = 30 * SECOND

/** How often leases are checked, in milliseconds. */
const LOOK = 5 * SECOND

export interface BrokerServerOptions {
  readonly access: Access
  readonly settings: Pick<BrokerSettings, "maxRunners" | "graceSeconds">
  /** Labels that runners may ask for, in any case. */
  readonly labels: readonly string[]
  readonly leases: Leases
  readonly perform: PerformOperation
  readonly log: Log
  /** How often leases are checked, in milliseconds. */
  readonly look?: number
}

/** A connection, which stands for one runner's container. */
interface Connection {
  readonly who: string
  readonly stream: Duplex
  registrar: GitHubRegistrar | undefined
  name: string | undefined
  /** The runner's id, once there is a lease. */
  leased: number | undefined
}

/**
 * Registers the runners of other containers, and removes those whose container is gone. One connection stands for one runner: it can register
 * and remove only that one.
 */
export class BrokerServer {
  readonly #options: BrokerServerOptions
  readonly #labels: ReadonlySet<string>
  readonly #connections = new Set<Connection>()
  readonly #registrations = new Rate(REGISTRATIONS.burst, REGISTRATIONS.perSecond)
  /** When a runner's container was last there, by the runner's id. */
  readonly #seen = new Map<number, number>()
  readonly #looking: NodeJS.Timeout
  #look: Promise<void> | undefined
  #number = 0

  constructor(options: BrokerServerOptions) {
    this.#options = options
    this.#labels = new Set(options.labels.map((label) => label.toLowerCase()))
    // After the broker's own restart, containers have the same time to reconnect.
    for (const { id } of options.leases.all) this.#seen.set(id, performance.now())
    this.#looking = setInterval(() => this.#lookAtLeases(), options.look ?? LOOK)
  }

  /** Runners whose containers are connected. */
  get runners(): number {
    return [...this.#connections].filter(({ leased }) => leased !== undefined).length
  }

  /** Answers one connection until it is closed. */
  async serve(stream: Duplex, peer: string): Promise<void> {
    const { settings, log } = this.#options
    const who = `${peer} #${String(++this.#number)}`
    if (this.#connections.size >= settings.maxRunners + SPARE_CONNECTIONS) {
      log.warn(`${who}: there are too many connections; this one is closed`)
      stream.destroy()
      return
    }
    const connection: Connection = { who, stream, registrar: undefined, name: undefined, leased: undefined }
    this.#connections.add(connection)
    const rate = new Rate(REQUESTS.burst, REQUESTS.perSecond)
    const silent = setTimeout(() => {
      if (!connection.registrar) stream.destroy()
    }, FIRST_REQUEST)
    await answerRequests({
      stream,
      log,
      who,
      allowed: () => rate.take(),
      answer: (request, signal) => this.#answer(connection, request, signal),
    })
    clearTimeout(silent)
    this.#connections.delete(connection)
    await this.#gone(connection)
  }

  /** Closes all connections; the runners stay registered. */
  async close(): Promise<void> {
    clearInterval(this.#looking)
    for (const { stream } of this.#connections) stream.destroy()
    await this.#look
  }

  async #answer(connection: Connection, request: BrokerRequest, signal: AbortSignal): Promise<BrokerAnswer> {
    if (request.request === "register") return await this.#register(connection, request, signal)
    const removal = (await connection.registrar?.remove(signal)) ?? "absent"
    const { leased } = connection
    if (leased !== undefined && removal !== "busy") {
      connection.leased = undefined
      this.#end(leased)
    }
    return { removal }
  }

  async #register(connection: Connection, request: RegisterRequest, signal: AbortSignal): Promise<BrokerAnswer> {
    const { leases, log } = this.#options
    const { runner, lease } = request
    if (!runner) throw refused("the request does not name a runner")
    const registrar = this.#registrarFor(connection, runner, lease)
    const grant = await registrar.register(request, signal)
    const { id } = registrar
    if (id === undefined || id === connection.leased) return grant
    connection.leased = id
    this.#seen.set(id, performance.now())
    log.info(`${connection.who}: this connection is for ${runner.name} (id ${String(id)})`)
    return { ...grant, lease: leases.add(id, runner.name) }
  }

  #registrarFor(connection: Connection, runner: RequestedRunner, lease: string | undefined): GitHubRegistrar {
    const { registrar, name } = connection
    if (registrar) {
      if (runner.name !== name)
        throw refused(`the connection is for ${name ?? "another runner"} and cannot register ${runner.name}`)
      return registrar
    }
    this.#check(runner)
    const made = lease === undefined ? this.#fresh(connection, runner) : this.#resumed(connection, runner, lease)
    connection.registrar = made
    connection.name = runner.name
    return made
  }

  #fresh(connection: Connection, runner: RequestedRunner): GitHubRegistrar {
    const others = [...this.#connections].filter((other) => other !== connection)
    if (others.some((other) => other.name?.toLowerCase() === runner.name.toLowerCase()))
      throw refused(`a runner named ${runner.name} is already connected`)
    if (others.filter(({ name }) => name !== undefined).length >= this.#options.settings.maxRunners)
      throw refused(
        `it has ${String(this.#options.settings.maxRunners)} runners, and BROKER_MAX_RUNNERS allows no more`,
      )
    if (!this.#registrations.take())
      throw new RuntimeFailure("NETWORK", "the broker received too many registrations at once", "Start again later.")
    return this.#registrar(connection, runner)
  }

  /** Continues with a runner that was registered over another connection, which is closed. */
  #resumed(connection: Connection, runner: RequestedRunner, secret: string): GitHubRegistrar {
    const lease = this.#options.leases.find(secret)
    if (lease?.name !== runner.name)
      throw refused(`${runner.name} was removed in the meantime: its container was gone for too long`)
    for (const other of this.#connections)
      if (other !== connection && other.leased === lease.id) {
        other.leased = undefined
        other.stream.destroy()
      }
    connection.leased = lease.id
    return this.#registrar(connection, runner, lease.id)
  }

  #registrar(connection: Connection, runner: RequestedRunner, id?: number): GitHubRegistrar {
    const { access, perform, log } = this.#options
    const foreign = (): number[] =>
      [...this.#connections].flatMap((other) =>
        other !== connection && other.leased !== undefined ? [other.leased] : [],
      )
    return new GitHubRegistrar({ access, runner, perform, log, foreign, byName: false }, id)
  }

  #check({ labels, ephemeral }: RequestedRunner): void {
    const other = labels.find((label) => !this.#labels.has(label.toLowerCase()))
    if (other !== undefined)
      throw new RuntimeFailure(
        "CONFIGURATION",
        `the broker does not allow the label ${other}`,
        "Add it to the broker's RUNNER_LABELS.",
      )
    if (this.#options.access.setup.configuration.ephemeral && !ephemeral)
      throw new RuntimeFailure(
        "CONFIGURATION",
        "the broker registers only runners for one job",
        "Set RUNNER_EPHEMERAL=true for the runner too, or unset it for the broker.",
      )
  }

  /** A connection that was closed in the middle of a registration may have left a runner that nobody knows about. */
  async #gone({ who, registrar, leased, name }: Connection): Promise<void> {
    const { log } = this.#options
    if (leased !== undefined) {
      this.#seen.set(leased, performance.now())
      log.info(`${who}: the connection of ${name ?? "a runner"} (id ${String(leased)}) is closed`)
      return
    }
    if (!registrar || registrar.id !== undefined) return
    try {
      await registrar.remove()
    } catch (error) {
      log.warn(`${who}: ${(error as Error).message}`)
    }
  }

  #lookAtLeases(): void {
    this.#look ??= this.#removeLeftovers().finally(() => (this.#look = undefined))
  }

  async #removeLeftovers(): Promise<void> {
    const { access, settings, leases, perform, log } = this.#options
    for (const { id, name } of leases.all) {
      const now = performance.now()
      // Checked for each: GitHub's answer about the previous one may have taken long.
      if ([...this.#connections].some(({ leased }) => leased === id)) {
        this.#seen.set(id, now)
        continue
      }
      if (now - (this.#seen.get(id) ?? now) < settings.graceSeconds * SECOND) continue
      try {
        const outcome = await perform("removeLeftover", { access, id })
        log.info(`${name} (id ${String(id)}): its container is gone, and on GitHub's list it is ${outcome}`)
        if (outcome === "removed" || outcome === "absent") this.#end(id)
        // Checked again after the same time: it may come back, or GitHub may not have noticed yet.
        else this.#seen.set(id, now)
      } catch (error) {
        log.warn(`${name} (id ${String(id)}) could not be removed: ${(error as Error).message}`)
        this.#seen.set(id, now)
      }
    }
  }

  #end(id: number): void {
    this.#options.leases.end(id)
    this.#seen.delete(id)
  }
}

function refused(why: string): RuntimeFailure {
  return new RuntimeFailure("REGISTRATION", `the broker refused: ${why}`, "The broker's own log says more.")
}
