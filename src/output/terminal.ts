import type { ProgressListener } from "../../dagger/src/core/progress/progress.js"

/** Where a person watches: progress and notes, never answers. */
export interface Terminal extends ProgressListener {
  /** A line that stays. */
  note(line: string): void
  /** Removes the live lines and stops the timers. Nothing is drawn afterwards. */
  close(): void
}
