import type { Terminal } from "../output/terminal.js"
import type { Interrupts } from "../session/interrupt.js"

/** What a command gets from the program that runs it. */
export interface CommandContext {
  terminal: Terminal
  interrupts: Interrupts
  /** Writes the answer to standard output; nothing else writes there. */
  answer: (text: string) => void
}
