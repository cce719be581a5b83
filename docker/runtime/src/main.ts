import { statSync } from "node:fs"
import { type Command, readCommandLine } from "./command-line.js"
import { type Environment, readArguments, readEnvironment } from "./environment.js"
import { failureText } from "./failure.js"
import { type ImagePaths, splitEnvironment } from "./image-paths.js"
import { CLEANER_VARIABLE } from "./container/cleaning-plan.js"
import { BROKER_VARIABLE } from "./broker/protocol/broker-variable.js"
import { agentAccount } from "./container/accounts/agent.js"
import { WORKER_VARIABLE } from "./operations/worker-variable.js"
import { asFailure } from "./unclassified.js"

/** What a command prints on standard output, and the exit code. */
interface Answer {
  readonly output: string
  readonly exitCode: number
}

/**
 * Each command is loaded on demand: the health check runs often, and a runner should take little memory.
 *
 * @returns the exit code
 * @throws {RuntimeFailure} for what the user can fix
 */
async function main(args: readonly string[]): Promise<number> {
  if (process.env[WORKER_VARIABLE] !== undefined) {
    const { serve } = await import("./operations/serve.js")
    await serve()
    return 0
  }
  if (process.env[CLEANER_VARIABLE] !== undefined) {
    const { cleanAfterJob } = await import("./cleaning/clean.js")
    const { log } = await import("./log.js")
    await cleanAfterJob(log)
    return 0
  }
  const channel = process.env[BROKER_VARIABLE]
  if (channel !== undefined) {
    const { serveBroker } = await import("./broker/server/serve.js")
    await serveBroker(Number(channel))
    return 0
  }
  const command = readCommandLine(readArguments(process.env, args))
  if (command.name === "run") {
    // It never reads the container's environment: the broker does, and the secrets in it.
    const { run } = await import("./commands/run.js")
    const { failure, exitCode } = await run(command)
    if (failure) process.stderr.write(failureText(failure))
    return exitCode
  }
  const { environment, paths } = splitEnvironment(readEnvironment(process.env))
  if (command.name === "broker") {
    const { broker } = await import("./commands/broker.js")
    return await broker(environment, paths)
  }
  return print(await answer(command, environment, paths))
}

type Question = Exclude<Command, { readonly name: "run" } | { readonly name: "broker" }>

async function answer(command: Question, environment: Environment, paths: ImagePaths): Promise<Answer> {
  switch (command.name) {
    case "health": {
      const { health } = await import("./commands/health.js")
      return health(users(paths), paths.root)
    }
    case "help": {
      const { help } = await import("./commands/help.js")
      return { output: help(), exitCode: 0 }
    }
    case "version": {
      const { version } = await import("./commands/version.js")
      const { image } = await hostFor(paths)
      return { output: version(image, command), exitCode: 0 }
    }
    case "doctor": {
      const { doctor } = await import("./commands/doctor.js")
      return await doctor(environment, await hostFor(paths), { json: command.json, paths })
    }
  }
}

async function hostFor(paths: ImagePaths) {
  const { containerHost } = await import("./container/host.js")
  return containerHost(paths)
}

/** Root may have dropped its privileges to the image's user or, for a broker, to the broker's; the program then belongs to that user. */
function users({ home, root }: ImagePaths): number[] {
  const own = process.getuid?.() ?? 0
  if (own !== 0) return [own]
  const image = statSync(home, { throwIfNoEntry: false })?.uid
  const agent = agentAccount(root)?.uid
  return [own, image, agent].filter((uid) => uid !== undefined)
}

function print({ output, exitCode }: Answer): number {
  process.stdout.write(output)
  return exitCode
}

// A reader that stops early, as in `docker run IMAGE doctor | head`, is not a failure; and a runner needs no reader.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined)

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  const failure = asFailure(error)
  process.stderr.write(failureText(failure))
  process.exit(failure.exitCode)
}
