import { PlainTerminal } from "./plain.js"
import { QuietTerminal } from "./quiet.js"
import type { Terminal } from "./terminal.js"

/**
 * Whether progress is unwanted. Read from the arguments themselves: it has to be known before the command line is parsed, whose errors are
 * printed as well.
 */
export function isQuiet(argv: readonly string[] = process.argv): boolean {
  return argv.some((word) => /^--quiet(?:=true)?$/.test(word))
}

/** A live view on a terminal, plain lines into files, pipes and the logs of build servers. */
export async function openTerminal(stream: NodeJS.WriteStream = process.stderr): Promise<Terminal> {
  if (isQuiet()) return new QuietTerminal(stream)
  const live = stream.isTTY && process.env.TERM !== "dumb" && process.env.CI === undefined
  if (!live) return new PlainTerminal(stream)
  const { LiveTerminal } = await import("./live.js")
  return new LiveTerminal(stream)
}
