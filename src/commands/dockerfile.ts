import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { parseVariants } from "../../dagger/src/core/variants/names.js"
import type { CommandContext } from "../input/context.js"

const options = {
  write: {
    type: "boolean",
    default: false,
    describe: "Write the Dockerfiles of all variants into docker/",
    group: "Output:",
  },
  check: {
    type: "boolean",
    default: false,
    describe: "Fail if one in docker/ is not what --write would write",
    group: "Output:",
  },
} as const satisfies Record<string, Options>

const DEFAULT = "standard"

type Given = InferredOptionTypes<typeof options> & { variant: string }

export function dockerfileCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "dockerfile [variant]",
    describe: "Print a variant's Dockerfile, for builders without this pipeline; needs no engine",
    builder: (yargs) =>
      yargs
        .positional("variant", { type: "string", default: DEFAULT, describe: "The variant" })
        .options(options)
        .example("$0 dockerfile chrome", "Print what docker/Dockerfile.chrome should be")
        .example("$0 dockerfile --write", "Write the Dockerfiles again after the catalog or a variant changed"),
    handler: async ({ variant: given, write, check }) => {
      const [variant] = parseVariants([given])
      if (variant === undefined || given.trim().toLowerCase() === "all")
        throw new RunnerImagesError("VARIANT_INVALID", "A Dockerfile is of one variant.", "Name it, or give --write.")
      if (write && check)
        throw new RunnerImagesError("USAGE", "--write and --check exclude each other.", "Give one of them.")
      const { runDockerfile } = await import("../runs/dockerfile.js")
      runDockerfile(context, { variant, action: write ? "write" : check ? "check" : "print" })
    },
  }
}
