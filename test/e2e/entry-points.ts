import { execa } from "execa"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { z } from "zod"
import { reportSchema, type Report } from "../../dagger/src/core/report/report.js"

export const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** The platforms of every two-platform test, as both entry points take them. */
export const BOTH = "linux/amd64,linux/arm64"

export interface Ended {
  command: string
  exitCode: number | undefined
  stdout: string
  stderr: string
}

async function run(
  program: string,
  words: readonly string[],
  more: Record<string, string> = {},
  cwd = ROOT,
): Promise<Ended> {
  const options = { cwd, reject: false, stdin: "ignore", env: { NO_COLOR: "1", ...more } } as const
  const { command, exitCode, stdout, stderr } = await execa(program, words, options)
  return { command, exitCode, stdout, stderr }
}

const program = join(ROOT, "runner-images")

/** The command line, as a user types it; `commandLine.with(env)` for one with further variables. */
export const commandLine = Object.assign((...words: string[]) => run(program, words), {
  with:
    (env: Record<string, string>) =>
    (...words: string[]) =>
      run(program, words, env),
})

/** The command line of another checkout, called in it. */
export function commandLineIn(folder: string, ...words: string[]): Promise<Ended> {
  return run(join(folder, "runner-images"), words, {}, folder)
}

/** The module: the literal `dagger`, with nothing set but what `engine up` prints. */
export function dagger(...words: string[]): Promise<Ended> {
  return daggerIn(ROOT, ...words)
}

export function daggerIn(folder: string, ...words: string[]): Promise<Ended> {
  return run(process.env._EXPERIMENTAL_DAGGER_CLI_BIN ?? "dagger", words, {}, folder)
}

/** What a command wrote to its standard output; with both streams in the failure when it did not succeed. */
export function answer(result: Ended): string {
  if (result.exitCode !== 0) throw unexpected(result)
  return result.stdout
}

/** What a command said when it refused with that exit code, and without an answer; both streams if it did otherwise. */
export function refusal(result: Ended, exitCode: number): string {
  if (result.exitCode !== exitCode || result.stdout !== "") throw unexpected(result)
  return result.stderr
}

function unexpected({ command, exitCode, stdout, stderr }: Ended): Error {
  return new Error(`${command} ended with ${String(exitCode)}\n${stdout}\n${stderr.slice(-3000)}`)
}

export function readReport(folder: string): Report {
  return reportSchema.parse(JSON.parse(readFileSync(join(folder, "report.json"), "utf8")))
}

const indexSchema = z.object({
  manifests: z.array(
    z.object({ digest: z.string(), platform: z.object({ os: z.string(), architecture: z.string() }).optional() }),
  ),
})

/** The platforms of an image index, as its text says. */
export function platformsOf(text: string): string[] {
  const { manifests } = indexSchema.parse(JSON.parse(text))
  return manifests.map(({ platform }) => `${platform?.os ?? "?"}/${platform?.architecture ?? "?"}`)
}

const manifestSchema = z.object({ layers: z.array(z.object({ digest: z.string(), size: z.number() })) })
export type LayerBlob = z.infer<typeof manifestSchema>["layers"][number]

/** The layers of one platform's image in a layout, from the base up. */
export function layersOf(layout: string, platform: string): LayerBlob[] {
  const { digest } = readReport(layout).platforms.find((entry) => entry.platform === platform) ?? {}
  const blob = join(layout, "blobs", (digest ?? "none").replace(":", "/"))
  return manifestSchema.parse(JSON.parse(readFileSync(blob, "utf8"))).layers
}

/** Compressed bytes of an image, and how many of them are layers of another image too. */
export function sharedBytes(image: readonly LayerBlob[], other: readonly LayerBlob[]): { shared: number; all: number } {
  const theirs = new Set(other.map(({ digest }) => digest))
  const sum = (layers: readonly LayerBlob[]) => layers.reduce((bytes, { size }) => bytes + size, 0)
  return { shared: sum(image.filter(({ digest }) => theirs.has(digest))), all: sum(image) }
}
