import { createLogUpdate } from "log-update"
import { styleText } from "node:util"
import type { StepScope } from "../../dagger/src/core/progress/progress.js"
import { duration } from "./duration.js"
import { RunningSteps } from "./running-steps.js"
import type { Terminal } from "./terminal.js"

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const FRAME_MILLISECONDS = 100

/**
 * Finished steps stay as lines; below them, one live line per running step with its elapsed time.
 *
 * Drawn with log-update: the pipeline reports its steps as events, while task runners (listr2) want to own and start the
 * steps themselves.
 */
export class LiveTerminal implements Terminal {
  private readonly running = new RunningSteps()
  private readonly view: ReturnType<typeof createLogUpdate>
  private readonly timer: NodeJS.Timeout
  private readonly colours = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ""
  private frame = 0
  private open = true

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.view = createLogUpdate(stream)
    this.timer = setInterval(() => {
      this.frame = (this.frame + 1) % FRAMES.length
      this.draw()
    }, FRAME_MILLISECONDS)
    this.timer.unref()
  }

  started(scope: StepScope, step: string): void {
    this.running.start(scope, step)
    this.draw()
  }

  ended(scope: StepScope, step: string, seconds: number, error?: unknown): void {
    this.running.end(scope, step)
    const mark = error === undefined ? this.paint("green", "✔") : this.paint("red", "✘")
    this.note(`${mark} ${this.name(scope)} ${step} ${this.paint("dim", duration(seconds))}`)
  }

  warned(scope: StepScope, text: string): void {
    this.note(`${this.paint("yellow", "▲")} ${this.name(scope)} ${text}`)
  }

  noted(scope: StepScope, text: string): void {
    this.note(`  ${this.name(scope)} ${text}`)
  }

  note(line: string): void {
    if (!this.open) return
    this.view.clear()
    this.stream.write(`${line}\n`)
    this.draw()
  }

  close(): void {
    if (!this.open) return
    this.open = false
    clearInterval(this.timer)
    this.view.clear()
    // Also shows the cursor again.
    this.view.done()
  }

  private draw(): void {
    if (!this.open) return
    const lines = this.running
      .list()
      .map(
        ({ scope, step, seconds }) =>
          `${this.paint("cyan", FRAMES[this.frame] ?? "")} ${this.name(scope)} ${step} ${this.paint("dim", duration(seconds))}`,
      )
    if (lines.length > 0) this.view(lines.join("\n"))
    else this.view.clear()
  }

  private name(scope: StepScope): string {
    return this.paint("bold", scope.padEnd("all platforms".length))
  }

  private paint(format: Parameters<typeof styleText>[0], text: string): string {
    return this.colours ? styleText(format, text) : text
  }
}
