import type { CommandModule, InferredOptionTypes, Options } from "yargs"
import { parseMirror } from "../../dagger/src/core/text/mirror.js"
import { parseAllowList, type AllowedEntry } from "../../dagger/src/core/vulnerabilities/allow-list.js"
import { examinedReport } from "../../dagger/src/core/vulnerabilities/examined-report.js"
import { FAIL_ON, parseFailOn } from "../../dagger/src/core/vulnerabilities/gate.js"
import { EXIT } from "../../dagger/src/core/errors.js"
import type { CommandContext } from "../input/context.js"
import { readable, readBuildReport, textOf } from "../input/host-files.js"
import { answerOptions } from "../input/options.js"

export const vulnerabilityOptions = {
  "fail-on": {
    type: "string",
    requiresArg: true,
    describe: `Exit with code ${EXIT.checksFailed} for vulnerabilities of at least this severity, for those of unknown severity, and for what could not be checked: ${FAIL_ON.join(", ")}`,
    group: "What to accept:",
  },
  "allow-list": {
    type: "string",
    requiresArg: true,
    describe: "A YAML file with what is accepted, why, and until which day",
    group: "What to accept:",
  },
} as const satisfies Record<string, Options>

const options = {
  ...vulnerabilityOptions,
  mirror: {
    type: "string",
    requiresArg: true,
    describe:
      "Send requests for the distribution's archive to this URL instead, as URL/HOST/PATH; npm uses its own configuration",
    group: "Network:",
  },
  ...answerOptions,
} as const satisfies Record<string, Options>

const DEFAULT = "dist/standard"
/** Bytes; an entry has some two hundred. */
const LONGEST_ALLOW_LIST = 1e6

type Given = InferredOptionTypes<typeof options> & { path: string }

export function vulnerabilitiesCommand(context: CommandContext): CommandModule<object, Given> {
  return {
    command: "vulnerabilities [path]",
    describe: "Look up which known vulnerabilities a build's images have now; needs no engine",
    builder: (yargs) =>
      yargs
        .positional("path", {
          type: "string",
          default: DEFAULT,
          describe: "The folder of a build, or its report.json",
        })
        .options(options)
        .example("$0 vulnerabilities", `Print what is known about the images of ${DEFAULT}, as Markdown`)
        .example("$0 vulnerabilities --fail-on high --allow-list accepted.yaml", "Fail for what nobody has accepted"),
    handler: async (given) => {
      const report = examinedReport(readBuildReport(given.path))
      const failOn = given.failOn === undefined ? {} : { failOn: parseFailOn(given.failOn) }
      const allowList = given.allowList === undefined ? {} : { allowList: readAllowList(given.allowList) }
      const mirror = given.mirror === undefined ? undefined : parseMirror(given.mirror)
      const { advisoryAccess } = await import("../runs/advisory-access.js")
      const { runVulnerabilities } = await import("../runs/vulnerabilities.js")
      await runVulnerabilities(context, { report, ...failOn, ...allowList, json: given.json }, advisoryAccess(mirror))
    },
  }
}

function readAllowList(given: string): AllowedEntry[] {
  const origin = "--allow-list"
  const path = readable(given, "file", "ALLOW_LIST_INVALID", origin)
  return parseAllowList(textOf(path, LONGEST_ALLOW_LIST, "ALLOW_LIST_INVALID", origin), given)
}
