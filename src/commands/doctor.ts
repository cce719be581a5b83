import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { parseMirror } from "../../dagger/src/core/text/mirror.js"
import type { CommandContext } from "../input/context.js"
import { answerOptions, requestOptions } from "../input/options.js"

const options = {
  mirror: { ...requestOptions.mirror, group: "Network:" },
  "ca-bundle": { ...requestOptions["ca-bundle"], group: "Network:" },
  "bug-report": {
    type: "string",
    requiresArg: true,
    describe:
      "Also write a .tar.gz for a report to the maintainers: findings, versions and the last logs, without secrets",
    group: "Output:",
  },
  ...answerOptions,
} as const satisfies Record<string, Options>

export function doctorCommand(context: CommandContext): CommandModule<object, InferredOptionTypes<typeof options>> {
  return {
    command: "doctor",
    describe: "Check what this host lacks, and how to mend it; changes nothing",
    builder: (yargs) =>
      yargs
        .options(options)
        .example("$0 doctor", "Check engine, Docker, kernel, QEMU, disk, memory, port, servers, clock and credentials")
        .epilogue(
          "Exit codes: 0 no problem found, also with warnings · otherwise that of the first problem, as of a build",
        )
        .example("$0 doctor --json --bug-report report.tar.gz", "The same for programs, and for an issue"),
    handler: async ({ mirror, caBundle: bundle, bugReport, json }) => {
      const parsed = mirror === undefined ? undefined : parseMirror(mirror)
      const [{ thisHost }, { runDoctor }] = await Promise.all([
        import("../doctor/world.js"),
        import("../runs/doctor.js"),
      ])
      const world = thisHost(parsed, bundle)
      await runDoctor(context, world, { json, bugReport })
    },
  }
}
