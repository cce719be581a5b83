import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import Table from "cli-table3"
import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { down } from "../engine/bare/down.js"
import { gigabytes } from "../engine/bare/host/host.js"
import { planLines } from "../engine/bare/plan.js"
import { prune } from "../engine/bare/prune.js"
import { status, type EngineStatus } from "../engine/bare/status.js"
import { duration } from "../output/duration.js"
import { isQuiet } from "../output/open-terminal.js"
import { locate, planFor, up, type BareEngine } from "../engine/bare/up.js"

interface InstanceArguments {
  instance: string | undefined
}

const answer = (line: string) => process.stdout.write(`${line}\n`)
const progress = (line: string) => isQuiet() || process.stderr.write(`${line}\n`)

function withInstance<T>(yargs: Argv<T>): Argv<T & InstanceArguments> {
  return yargs.option("instance", {
    type: "string",
    describe: 'Name of the engine instance [default: RUNNER_IMAGES_INSTANCE, otherwise "default"]',
  })
}

const upCommand: CommandModule<
  object,
  InstanceArguments & { "registry-port": number | undefined; "dry-run": boolean; json: boolean }
> = {
  command: "up",
  describe: "Start the bare engine, or find it running; prints the variables to export",
  builder: (yargs) =>
    withInstance(yargs)
      .option("registry-port", {
        type: "number",
        describe: "Port of the local registry on 127.0.0.1 [default: RUNNER_IMAGES_REGISTRY_PORT, otherwise 5000]",
      })
      .option("dry-run", {
        type: "boolean",
        default: false,
        describe: "List the changes to this host without making them",
      })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .example('eval "$($0 engine up)"', "Set up this shell for dagger call"),
  handler: async (argv) => {
    const options = { instance: argv.instance, registryPort: argv["registry-port"] }
    if (argv["dry-run"]) {
      const { plan, facts } = await planFor(options)
      answer(argv.json ? JSON.stringify(plan, undefined, 2) : planLines(plan, facts).join("\n"))
      return
    }
    const engine = await up({ ...options, log: progress })
    answer(argv.json ? JSON.stringify(engine, undefined, 2) : exportLines(engine).join("\n"))
  },
}

/** For `eval` in a shell: the engine, its CLI, and the CLI in PATH. */
export function exportLines(engine: Pick<BareEngine, "env" | "cliFolder">): string[] {
  const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  return [
    ...Object.entries(engine.env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `export PATH=${quoted(engine.cliFolder)}:"$PATH"`,
  ]
}

const downCommand: CommandModule<object, InstanceArguments> = {
  command: "down",
  describe: "Stop the bare engine and restore the host",
  builder: withInstance,
  handler: async (argv) => {
    const result = await down({ instance: argv.instance, log: progress })
    answer(
      result.undone.length > 0
        ? `engine instance ${result.instance} is down`
        : `engine instance ${result.instance} was not up; nothing to undo`,
    )
    if (result.packages.length > 0) answer(`packages installed by engine up, which stay: ${result.packages.join(" ")}`)
    if (existsSync(result.stateFolder)) answer(`the engine's cache and artefacts stay in ${result.stateFolder}`)
  },
}

const statusCommand: CommandModule<object, InstanceArguments & { json: boolean }> = {
  command: "status",
  describe: "Show whether the bare engine runs, where, and how much disk space it uses",
  builder: (yargs) => withInstance(yargs).option("json", { type: "boolean", default: false, describe: "Print JSON" }),
  handler: async (argv) => {
    const result = await status(argv.instance)
    answer(argv.json ? JSON.stringify(result, undefined, 2) : statusTable(result))
  },
}

const BORDERLESS = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("middle")
    .map((place) => [place, ""]),
)

function statusTable(result: EngineStatus): string {
  const table = new Table({ chars: BORDERLESS, style: { "padding-left": 0, "padding-right": 2, head: [], border: [] } })
  const row = (name: string, value: string | undefined) => value !== undefined && table.push([name, value])
  row("instance", result.instance)
  row("state", result.state)
  row("version", result.version)
  row("socket", result.socket)
  row("registry", result.registry)
  row("password file", result.registryPasswordFile)
  row("base image", result.base)
  row("up for", result.uptimeSeconds === undefined ? undefined : duration(result.uptimeSeconds))
  row("state folder", result.stateFolder)
  for (const { part, bytes } of result.disk) if (bytes > 0) row(`disk: ${part}`, gigabytes(bytes))
  row("disk: total", gigabytes(result.disk.reduce((sum, { bytes }) => sum + bytes, 0)))
  return table.toString()
}

const logsCommand: CommandModule<object, InstanceArguments & { follow: boolean; lines: number }> = {
  command: "logs",
  describe: "Print the bare engine's log",
  builder: (yargs) =>
    withInstance(yargs)
      .option("follow", { alias: "f", type: "boolean", default: false, describe: "Keep printing new lines" })
      .option("lines", { alias: "n", type: "number", default: 200, describe: "Number of past lines to print" }),
  handler: async (argv: ArgumentsCamelCase<InstanceArguments & { follow: boolean; lines: number }>) => {
    const { folder } = locate(argv.instance)
    if (!existsSync(folder.engineLog))
      throw new RunnerImagesError(
        "ENGINE_UNAVAILABLE",
        `Engine instance ${folder.name} has no log: it has never been started.`,
        "Run: runner-images engine up",
      )
    const tail = spawn("tail", [`--lines=${argv.lines}`, ...(argv.follow ? ["-F"] : []), folder.engineLog], {
      stdio: ["ignore", "inherit", "inherit"],
    })
    await new Promise((resolve) => tail.once("close", resolve))
  },
}

const pruneCommand: CommandModule<object, InstanceArguments & { json: boolean }> = {
  command: "prune",
  describe: "Free the disk space used by the bare engine's cache and unused artefacts",
  builder: (yargs) => withInstance(yargs).option("json", { type: "boolean", default: false, describe: "Print JSON" }),
  handler: async (argv) => {
    const freed = await prune({ instance: argv.instance, log: progress })
    if (argv.json) {
      answer(JSON.stringify(freed, undefined, 2))
      return
    }
    for (const { what, bytes } of freed) answer(`freed ${gigabytes(bytes)} of ${what}`)
    answer(`freed ${gigabytes(freed.reduce((sum, { bytes }) => sum + bytes, 0))} in total`)
  },
}

const imageCommand: CommandModule<object, { output: string; json: boolean }> = {
  command: "image",
  describe: "Pack the engine as an image for Docker, podman and Kubernetes, for hosts without internet access",
  builder: (yargs) =>
    yargs
      .option("output", {
        type: "string",
        requiresArg: true,
        demandOption: true,
        describe: "The archive to write: docker load and ctr images import read it",
      })
      .option("json", { type: "boolean", default: false, describe: "Print JSON" })
      .example("$0 engine image --output engine.tar", "Pack it here, then docker load --input engine.tar elsewhere"),
  handler: async ({ output, json }) => {
    const { packEngine } = await import("../engine/image/pack.js")
    const packed = await packEngine({ output, log: progress })
    if (json) {
      answer(JSON.stringify(packed, undefined, 2))
      return
    }
    answer(`${packed.file}: ${packed.image} for ${packed.platform}, ${gigabytes(packed.bytes)}`)
    answer(`load it: docker load --input ${packed.file}`)
  },
}

/** Everything below `engine`. */
export default function engineCommands(yargs: Argv): Argv {
  return yargs
    .command(upCommand)
    .command(downCommand)
    .command(statusCommand)
    .command(logsCommand)
    .command(pruneCommand)
    .command(imageCommand)
    .demandCommand(1, "Give one of: up, down, status, logs, prune, image.")
}
