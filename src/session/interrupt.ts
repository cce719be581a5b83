import { writeSync } from "node:fs"
import { EXIT, type ExitCode } from "../../dagger/src/core/errors.js"
import { isSessionFailure, killSessions } from "./processes.js"

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Thrown in place of the work's result when the user stopped it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted"
  readonly exitCode: ExitCode = EXIT.interrupted

  constructor() {
    super("Stopped.")
  }
}

/**
 * Ctrl-C and similar signals. While a session runs, the first signal stops it cleanly, so that no `dagger session` process is
 * left behind; the second one, and any signal while there is nothing to clean up, ends this process at once.
 */
export class Interrupts {
  private stop: ((reason: Interrupted) => void) | undefined
  private stopping = false
  private lost = false
  private account: () => readonly string[] = () => []

  constructor(private readonly say: (line: string) => void) {}

  listen(): void {
    for (const signal of SIGNALS) process.on(signal, () => this.received())
    process.on("unhandledRejection", (reason) => {
      // Requests in flight when the session ended fail with nobody waiting for them any more.
      if (isSessionFailure(reason)) this.lost = true
      else if (!this.stopping) throw reason
    })
  }

  /** Whether a session's process ended with a failure of its own, so that what the work reports is only a consequence. */
  get sessionLost(): boolean {
    return this.lost && !this.stopping
  }

  get happened(): boolean {
    return this.stopping
  }

  /**
   * Registers what lists the changes made elsewhere that a stop would leave half done. It is called as late as possible, since
   * work in progress continues until its session has ended.
   */
  leaves(account: () => readonly string[]): void {
    this.account = account
  }

  /** The last words of a stopped program: what is left behind, indented. */
  lastWords(): string {
    return ["Stopped.", ...this.account().map((line) => `  ${line}`), ""].join("\n")
  }

  /** Settles as the work does, or with Interrupted as soon as the user stops it. */
  async guard<T>(work: Promise<T>): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
      this.stop = reject
    })
    try {
      return await Promise.race([work, stopped])
    } catch (error) {
      // The terminal sends Ctrl-C to the session process too, whose end can be noticed first.
      if (this.stopping) throw new Interrupted()
      throw error
    } finally {
      this.stop = undefined
    }
  }

  private received(): void {
    if (this.stopping || !this.stop) {
      // Other child processes are ended by the exit handlers of those who started them.
      killSessions()
      // Only if there is something to report, and synchronously: a stream may not be flushed before this process ends.
      if (this.account().length > 0) writeSync(process.stderr.fd, this.lastWords())
      process.exit(EXIT.interrupted)
    }
    this.stopping = true
    this.say("Stopping … (again to stop at once)")
    this.stop(new Interrupted())
  }
}
