import { dag } from "@dagger.io/dagger"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { CommandRow, MeasuredRun } from "../../dagger/src/core/bench/bench.js"
import { PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import { exec } from "../host/exec.js"
import { PROJECT_ROOT } from "../host/paths.js"

/** A row's measurement, and what has to be done before, so that nothing is new in it. */
interface Command {
  first?: () => Promise<unknown>
  measured: () => Promise<unknown>
}

/** What the commands of one round work on. */
export interface CommandRound {
  variant: VariantName
  /** A platform that the engine emulates. */
  foreign: PlatformName
  /** Opens and closes a session that does hardly anything. */
  session: (work: () => Promise<unknown>) => Promise<unknown>
}

/** Runs commands as users start them, each with nothing new to do, and measures them one after the other. The engine's address is in this process's environment. */
export async function benchCommands(
  rows: readonly CommandRow[],
  round: CommandRound,
): Promise<Partial<Record<CommandRow, MeasuredRun>>> {
  const folder = await mkdtemp(join(tmpdir(), "runner-images-bench-"))
  try {
    const commands = commandsOf(round, folder)
    const runs: Partial<Record<CommandRow, MeasuredRun>> = {}
    for (const row of rows) {
      const { first, measured } = commands[row]
      await first?.()
      const start = performance.now()
      await measured()
      runs[row] = { seconds: (performance.now() - start) / 1000, phases: [] }
    }
    return runs
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Without a vendor's servers, whose speed is not what is measured. */
const SOURCES = ["--sources", "registry", "--runner", "act"]

function commandsOf({ variant, foreign, session }: CommandRound, folder: string): Record<CommandRow, Command> {
  const commandLine = (...words: string[]) => exec(join(PROJECT_ROOT, "runner-images"), words)
  const build = (...words: string[]) =>
    commandLine("build", "--variants", variant, ...SOURCES, "--output", join(folder, "built"), ...words)
  const dagger = process.env["_EXPERIMENTAL_DAGGER_CLI_BIN"] ?? "dagger"
  const call = (...words: string[]) => exec(dagger, ["call", "--silent", ...SOURCES, ...words], { cwd: PROJECT_ROOT })
  const callBuild = () =>
    call("build", "--platforms", PLATFORMS.join(), "--variants", variant, "export", "--path", join(folder, "called"))
  const callContainer = () =>
    call("container", "--platform", foreign, "--variant", variant, "with-exec", "--args", "uname,-m", "stdout")
  return {
    start: { measured: () => commandLine("--version") },
    session: { measured: () => session(() => dag.defaultPlatform()) },
    "up-to-date": { first: () => build(), measured: () => build() },
    "build-forced": { first: () => build(), measured: () => build("--force") },
    "call-build": { first: callBuild, measured: callBuild },
    "call-container": { first: callContainer, measured: callContainer },
  }
}
