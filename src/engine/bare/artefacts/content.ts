import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { z } from "zod"
import { trustFile } from "../../../../dagger/src/core/request/trust-files.js"
import { attempt, exec, ExecError } from "../../../host/exec.js"
import { filesBelow, keyOf, makeOnce, SOURCES, workEnvironment } from "./artefact.js"
import type { ContentInputs } from "./content/build.js"
import type { GoToolchain } from "./go-toolchain.js"
import type { StateFolder } from "../state/state-folder.js"

const BUILDER = join(SOURCES, "content")
const RUNTIME = join(SOURCES, "typescript-runtime")

const SDKS = { go: "DAGGER_GO_SDK_MANIFEST_DIGEST", typescript: "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST" } as const

/** The host's bundle of certificate authorities, which the SDKs' contents trust as well. */
export function trustBundle(): string | undefined {
  return trustFile(process.env["SSL_CERT_FILE"], existsSync)
}

/** The contents include the builder's sources, the engine's programs, Go and the host's CA bundle. */
export function contentKey(binariesKey: string, go: Pick<GoToolchain, "version">): string {
  const bundle = trustBundle()
  const trust = bundle === undefined ? "" : readFileSync(bundle, "utf8")
  return keyOf(SOURCES, [...filesBelow(BUILDER), ...filesBelow(RUNTIME)], [binariesKey, go.version, trust])
}

const envSchema = z.record(z.string(), z.string())

/** The variables that tell an engine the digests of its SDKs' contents. */
export function contentEnv(folder: string): Record<string, string> {
  return envSchema.parse(JSON.parse(readFileSync(join(folder, "content.json"), "utf8")))
}

/** Lets a running engine build the contents and puts them into the state folder. */
export async function buildContent(
  state: StateFolder,
  key: string,
  work: string,
  inputs: Omit<ContentInputs, "output" | "runtime" | "tools" | "trust">,
  clientEnv: Record<string, string>,
): Promise<string> {
  const folder = state.content(key)
  await makeOnce(folder, work, async (target) => {
    const trust = trustBundle()
    if (trust === undefined) throw new Error("ca-certificates is installed, but its bundle is missing")
    const output = `${target}-build`
    mkdirSync(output)
    const all: ContentInputs = {
      ...inputs,
      output,
      runtime: RUNTIME,
      tools: join(BUILDER, "tools"),
      trust,
    }
    const built = await attempt(process.execPath, ["--import", "tsx", join(BUILDER, "build.ts"), JSON.stringify(all)], {
      cwd: SOURCES,
      env: { ...workEnvironment(work), ...clientEnv },
    })
    if (built.exitCode !== 0)
      throw new ExecError("the SDK contents' build", built.exitCode, buildOutput(built, all.log))
    mkdirSync(join(target, "blobs", "sha256"), { recursive: true })
    const env: Record<string, string> = {}
    for (const [sdk, variable] of Object.entries(SDKS)) {
      const unpacked = join(output, sdk)
      mkdirSync(unpacked)
      await exec("tar", ["-xf", join(output, `${sdk}-sdk.tar`), "-C", unpacked])
      for (const blob of readdirSync(join(unpacked, "blobs", "sha256")))
        renameSync(join(unpacked, "blobs", "sha256", blob), join(target, "blobs", "sha256", blob))
      env[variable] = manifestDigest(readFileSync(join(unpacked, "index.json"), "utf8"))
    }
    writeFileSync(join(target, "content.json"), JSON.stringify(env))
    rmSync(output, { recursive: true, force: true })
  })
  return folder
}

/** The exception, then the last errors in the log: one of them is the failed command's own. */
function buildOutput(built: { stderr: string }, log: string): string {
  const said = built.stderr.split("\n").filter((line) => /Error\b/.test(line) && !/^\s+at /.test(line))
  const steps = existsSync(log) ? readFileSync(log, "utf8").split("\n") : []
  // Line by line: an escape sequence that one leaves open would swallow the next ones.
  const failed = steps.map((line) => stripVTControlCharacters(line)).filter((line) => /ERROR|rror:|! /.test(line))
  return [...said.slice(0, 2), ...failed.slice(-4)].join("\n").trim() || built.stderr.trim()
}

const indexSchema = z.object({ manifests: z.array(z.object({ digest: z.string() })).length(1) })

/** @example manifestDigest('{"manifests":[{"digest":"sha256:…"}]}') ⇒ "sha256:…" */
export function manifestDigest(indexJson: string): string {
  return indexSchema.parse(JSON.parse(indexJson)).manifests.map((manifest) => manifest.digest)[0] ?? ""
}
