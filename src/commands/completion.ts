import { join } from "node:path"
import yargs, { type CommandModule } from "yargs"
import { ROWS } from "../../dagger/src/core/bench/bench.js"
import { TOOLS } from "../../dagger/src/core/catalog/tools.js"
import { AGAINST } from "../../dagger/src/core/parity/emulation-parity.js"
import { PLATFORMS } from "../../dagger/src/core/platforms.js"
import { COMPRESSIONS } from "../../dagger/src/core/request/compression.js"
import { SOURCES } from "../../dagger/src/core/request/request.js"
import { RUNNERS } from "../../dagger/src/core/request/runner.js"
import { SBOM_FORMATS } from "../../dagger/src/core/sbom/formats.js"
import { BASES } from "../../dagger/src/core/variants/bases.js"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"
import { PROJECT_ROOT } from "../host/paths.js"

/** The word with which a shell's script asks for completions; the words of the command line follow it. */
export const COMPLETING = "--get-yargs-completions"

/** What options take. yargs does not know it: our own code says why a value is wrong. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  platforms: PLATFORMS,
  platform: PLATFORMS,
  variants: [...VARIANTS, "all"],
  base: BASES,
  sources: SOURCES,
  runner: RUNNERS,
  compression: COMPRESSIONS,
  format: SBOM_FORMATS,
  against: AGAINST,
  rows: Object.keys(ROWS),
}

/** Prints the script for the shell that SHELL names: bash, zsh or fish. */
export const completionCommand: CommandModule = {
  command: "completion",
  describe: "Print a script with which the shell that $SHELL names completes commands, options and values",
  builder: (builder) =>
    builder
      .example('eval "$(./$0 completion)"', "Set up this shell, if it is bash or zsh")
      .example("SHELL=fish ./$0 completion > ~/.config/fish/completions/$0.fish", ""),
  handler: () => {
    // With a path, so that it need not be in PATH. yargs takes the name that is completed from its end.
    yargs().scriptName(join(PROJECT_ROOT, "runner-images")).showCompletionScript()
  },
}

/** What the parser knows. */
export interface Known {
  /** Every command with its subcommands. */
  commands: ReadonlyMap<string, readonly string[]>
  /** The options of a command, without dashes. */
  optionsOf: (command: readonly string[]) => Promise<readonly string[]>
}

/**
 * What may come next on a command line. Not yargs' own answer, which has neither the options of a command that is loaded on demand nor
 * anybody's values.
 *
 * @param words those that were typed, beginning with the program's name; the last one may be empty or incomplete
 * @returns [] where the shell is to complete the names of files
 */
export async function completions(
  words: readonly string[],
  { commands, optionsOf }: Known,
  shell = process.env["SHELL"] ?? "",
): Promise<string[]> {
  const [previous = "", current = ""] = words.slice(-2)
  const [command = "", subcommand = ""] = words.slice(1, -1)
  const subcommands = commands.get(command) ?? []
  const place = [command, ...subcommands.filter((name) => name === subcommand)].filter(
    (word) => commands.has(command) && word,
  )
  const candidates = async (): Promise<readonly string[]> => {
    const values = VALUES[/^--(.+)$/.exec(previous)?.[1] ?? ""]
    if (values) return values
    if (current.startsWith("-")) return (await optionsOf(place)).map((name) => `--${name}`)
    if (words.length <= 2) return [...commands.keys()]
    if (words.length === 3 && subcommands.length > 0) return subcommands
    return command === "catalog" && subcommand !== "check" && !previous.startsWith("-") ? TOOLS : []
  }
  const found = (await candidates()).filter(
    (candidate) => candidate.startsWith(current) && !words.slice(0, -1).includes(candidate),
  )
  // zsh shows what follows a colon as a description.
  return /zsh/.test(shell) ? found.map((candidate) => candidate.replaceAll(":", "\\:")) : found
}
