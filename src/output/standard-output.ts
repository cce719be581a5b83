import { RunnerImagesError } from "../../dagger/src/core/errors.js"

const REASONS: Readonly<Record<string, string>> = { ENOSPC: "the disk is full", EDQUOT: "the disk's quota is used up" }

/**
 * Tells of what cannot be written to standard output, once. That nobody reads on, as after `| head`, is no fault.
 *
 * @param tell gets an OUTPUT_UNWRITABLE
 */
export function watchStandardOutput(stream: NodeJS.WritableStream, tell: (error: RunnerImagesError) => void): void {
  let told = false
  stream.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE" || told) return
    told = true
    const reason = REASONS[cause.code ?? ""] ?? cause.message
    tell(
      new RunnerImagesError(
        "OUTPUT_UNWRITABLE",
        `The answer cannot be written to standard output: ${reason}.`,
        "Everything else was done. Write it to another place.",
        { cause },
      ),
    )
  })
}
