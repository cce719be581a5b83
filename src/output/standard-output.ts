import { RunnerImagesError } from "../../dagger/src/core/errors.js"

const REASONS: Readonly<Record<string, string>> = { ENOSPC: "the disk is full", EDQUOT: "the disk quota is exceeded" }

/**
 * Reports once that standard output cannot be written. A reader that stops early, such as `head`, is not an error.
 *
 * @param report gets an OUTPUT_UNWRITABLE
 */
export function watchStandardOutput(stream: NodeJS.WritableStream, report: (error: RunnerImagesError) => void): void {
  let reported = false
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE" || reported) return
    reported = true
    const reason = REASONS[cause.code ?? ""] ?? cause.message
    report(
      new RunnerImagesError(
        "OUTPUT_UNWRITABLE",
        `The answer cannot be written to standard output: ${reason}.`,
        "Everything else was done. Write the output to another place.",
        { cause },
      ),
    )
  })
}
