import { LiveTerminal } from "./live.js"
import { PlainTerminal } from "./plain.js"
import type { Terminal } from "./terminal.js"

/** A live view on a terminal, plain lines into files, pipes and the logs of build servers. */
export function openTerminal(stream: NodeJS.WriteStream = process.stderr): Terminal {
  const live = stream.isTTY && process.env.TERM !== "dumb" && process.env.CI === undefined
  return live ? new LiveTerminal(stream) : new PlainTerminal(stream)
}
