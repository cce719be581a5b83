/** Something that does not stop a runner, and that jobs will notice: a warning at the start, and a finding of the doctor. */
export interface Concern {
  readonly problem: string
  /** A sentence, without its full stop. */
  readonly remedy: string
}

/** One line for the log. */
export function concernText({ problem, remedy }: Concern): string {
  return `${problem}. ${remedy}`
}
