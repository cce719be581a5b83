import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { parseRounds, parseRows } from "../../dagger/src/core/bench/bench.js"
import { parsePackages } from "../../dagger/src/core/parity/emulation-parity.js"
import { parseRepository } from "../../dagger/src/core/text/reference.js"
import { parseCompression } from "../../dagger/src/core/request/compression.js"
import { parseVariants } from "../../dagger/src/core/variants/names.js"
import type { CommandContext } from "../input/context.js"
import { caBundle } from "../input/host-files.js"
import { answerOptions, benchOptions, engineOptions, layerOptions, listOf, requestOptions } from "../input/options.js"

const { variants, refresh, "ca-bundle": bundle } = requestOptions
const options = {
  ...benchOptions,
  variants,
  refresh,
  "ca-bundle": bundle,
  ...layerOptions,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

export function benchCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "bench",
    describe: "Measure package installation with native binaries, emulation and a plain Dockerfile, and whole builds",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 bench > bench.md", "Measure everything in five rounds: about two hours on two processors")
        .example("$0 bench --rows native,accelerated,both --rounds 3", "Skip emulation: a few minutes"),
    handler: async (given) => {
      const request = {
        rows: parseRows(listOf(given.rows)),
        rounds: parseRounds(given.rounds),
        variants: parseVariants(listOf(given.variants)),
        packages: parsePackages(listOf(given.packages)),
        compression: parseCompression(given.compression),
        refresh: given.refresh,
      }
      const repository = given.repository === undefined ? undefined : parseRepository(given.repository)
      const trusted = caBundle(given.caBundle)
      const { runBench } = await import("../runs/bench.js")
      await runBench(context, request, {
        json: given.json,
        bareEngine: !given.noBareEngine,
        ...(repository ? { repository } : {}),
        ...(trusted === undefined ? {} : { caBundle: trusted }),
      })
    },
  }
}
