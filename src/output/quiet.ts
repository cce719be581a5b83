import type { Writable } from "node:stream"
import type { StepScope } from "../../dagger/src/core/progress/progress.js"
import type { Terminal } from "./terminal.js"

/** Warnings alone. Answers and errors are printed elsewhere. */
export class QuietTerminal implements Terminal {
  private open = true

  constructor(private readonly stream: Writable) {}

  started(): void {
    // A step is progress.
  }

  ended(): void {
    // So is its end: that of a step which failed is in the error.
  }

  warned(scope: StepScope, text: string): void {
    if (this.open) this.stream.write(`[${scope}] warning: ${text}\n`)
  }

  noted(): void {
    // A note is about the progress.
  }

  note(): void {
    // The same, of the whole program.
  }

  close(): void {
    this.open = false
  }
}
