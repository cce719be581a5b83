import { PlainTerminal } from "./plain.js"
import type { Terminal } from "./terminal.js"

/** A live view on a terminal, plain lines into files, pipes and the logs of build servers. */
export async function openTerminal(stream: NodeJS.WriteStream = process.stderr): Promise<Terminal> {
  const live = stream.isTTY && process.env.TERM !== "dumb" && process.env.CI === undefined
  if (!live) return new PlainTerminal(stream)
  const { LiveTerminal } = await import("./live.js")
  return new LiveTerminal(stream)
}
