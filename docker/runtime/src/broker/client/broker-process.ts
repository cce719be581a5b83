import { spawn } from "node:child_process"
import { closeSync } from "node:fs"
import type { Duplex } from "node:stream"
import { RuntimeFailure } from "../../failure.js"
import { failureFrom } from "../../failure-message.js"
import { firstLine } from "../protocol/first-line.js"
import { ownProgram } from "../../processes/own-program.js"
import { BROKER_VARIABLE } from "../protocol/broker-variable.js"
import { BrokerClient } from "./client.js"
import { ENVIRONMENT_FD } from "../../environment.js"
import type { PublicSetup, StartAnswer, StartMessage } from "../protocol/start-message.js"

/** File descriptors of the broker: the environment from entrypoint.sh, and the channel to the supervisor. */
const ENVIRONMENT = 3
const CHANNEL = 4

/** A container's broker, as its supervisor sees it. */
export interface StartedBroker {
  readonly setup: PublicSetup
  readonly client: BrokerClient
}

/**
 * Starts the broker of this container, and passes it the container's environment unread: the secrets in it are never in this process.
 *
 * @throws {RuntimeFailure} CONFIGURATION with every error that the broker finds
 */
export async function startBroker(message: StartMessage): Promise<StartedBroker> {
  const { command, args } = ownProgram({ small: true })
  const handed = process.env[ENVIRONMENT_FD]
  const child = spawn(command, args, {
    env: {
      ...(handed === undefined
        ? process.env
        : { PATH: process.env.PATH, HOME: "/", LANG: "C.UTF-8", [ENVIRONMENT_FD]: String(ENVIRONMENT) }),
      [BROKER_VARIABLE]: String(CHANNEL),
    },
    stdio: ["ignore", "inherit", "inherit", handed === undefined ? "ignore" : Number(handed), "pipe"],
    // In a session of its own: a terminal's signals are for the supervisor.
    detached: true,
  })
  if (handed !== undefined) closeSync(Number(handed))
  // The channel shows when it ends.
  child.on("error", () => undefined)
  child.unref()
  const channel = child.stdio[CHANNEL] as Duplex
  channel.write(`${JSON.stringify(message)}\n`)
  const answer = await firstLine(channel)
  if (answer === undefined)
    throw new RuntimeFailure(
      "UNCLASSIFIED",
      "the broker, which reads the configuration, ended without an answer",
      "It may have run out of memory.",
    )
  const parsed = JSON.parse(answer) as StartAnswer
  if ("setup" in parsed) return { setup: parsed.setup, client: new BrokerClient(channel) }
  channel.destroy()
  throw failureFrom(parsed.failure)
}
