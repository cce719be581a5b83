import { LiveTerminal } from "./live.js"
import { PlainTerminal } from "./plain.js"
import type { Terminal, TerminalStream } from "./terminal.js"

/** A live view on a terminal, plain lines into files, pipes and the logs of build servers. */
export function openTerminal(stream: TerminalStream = process.stderr): Terminal {
  const live = stream.isTTY === true && process.env.TERM !== "dumb" && process.env.CI === undefined
  return live ? new LiveTerminal(stream) : new PlainTerminal(stream)
}
