import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { trustFile } from "../../../../dagger/src/core/request/trust-files.js"
import { archOf, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { exec } from "../../../host/exec.js"
import { filesBelow, keyOf, makeOnce, SOURCES } from "./artefact.js"
import { baseLayer } from "./bases.js"
import { runTool } from "./build-tool.js"
import { bundleSdk } from "./content/sdk-bundle.js"
import type { GoToolchain } from "./go-toolchain.js"
import type { PackageArchive } from "./package-archive.js"
import { writeImage, writeImageLayer, type Layer, type LayerPart } from "./image.js"
import { makeSdkRoot } from "./sdk-root.js"
import type { StateFolder } from "../state/state-folder.js"

const BUILDER = join(SOURCES, "content")
const TOOLS = join(BUILDER, "tools")
/** Increased with every change to what this file builds, so that outdated contents are not reused. */
const RECIPE = "2"
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
  return keyOf(SOURCES, [...filesBelow(BUILDER), ...filesBelow(RUNTIME)], [RECIPE, binariesKey, go.version, trust])
}

const envSchema = z.record(z.string(), z.string())

/** The variables that tell an engine the digests of its SDKs' contents. */
export function contentEnv(folder: string): Record<string, string> {
  return envSchema.parse(JSON.parse(readFileSync(join(folder, "content.json"), "utf8")))
}

export interface ContentInputs {
  host: PlatformName
  go: Pick<GoToolchain, "root">
  packageArchive: () => Promise<PackageArchive>
  /** Folder of the finished base images. */
  bases: string
  /** Folder with codegen, which is not needed before everything else is there. */
  binaries: Promise<string>
}

/** Builds the images that the engine loads for `sdk: go` and `sdk: typescript` of a dagger.json, and puts them into the state folder. */
export async function buildContent(
  state: StateFolder,
  key: string,
  work: string,
  inputs: ContentInputs,
): Promise<string> {
  const folder = state.content(key)
  await makeOnce(folder, work, async (target) => {
    const trust = trustBundle()
    if (trust === undefined) throw new Error("ca-certificates is installed, but its bundle is missing")
    const archive = await inputs.packageArchive()
    const parts = { ...inputs, archive, trust, base: baseLayer(inputs.bases, inputs.host), target, work }
    const go = await goLayers(parts)
    const typescript = await typescriptLayers(parts)
    const binaries = await inputs.binaries
    const codegenLayer = (name: string, at: string) =>
      writeImageLayer(target, name, [{ folder: binaries, file: "codegen", at }], archive.date, work)
    const image = { architecture: archOf(inputs.host), date: archive.date }
    const env = {
      [SDKS.go]: writeImage(target, {
        ...image,
        config: { Env: Object.entries(GO_ENVIRONMENT).map(([name, value]) => `${name}=${value}`), WorkingDir: "/go" },
        layers: [...go, await codegenLayer("go-codegen", "usr/local/bin")],
      }).digest,
      [SDKS.typescript]: writeImage(target, {
        ...image,
        config: { Env: [`PATH=${PATH}`] },
        layers: [...typescript, await codegenLayer("typescript-codegen", "")],
      }).digest,
    }
    writeFileSync(join(target, "content.json"), JSON.stringify(env))
  })
  return folder
}

interface ContentParts {
  go: Pick<GoToolchain, "root">
  archive: PackageArchive
  trust: string
  base: string
  target: string
  work: string
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
const TRUST_FILE = "etc/ssl/certs/ca-certificates.crt"
const GO_ENVIRONMENT = {
  PATH: `/go/bin:/usr/local/go/bin:${PATH}`,
  GOPATH: "/go",
  GOTOOLCHAIN: "local",
  CGO_ENABLED: "0",
}

/** The container in which modules in Go are generated and compiled. */
async function goLayers({ go, archive, trust, base, target, work }: ContentParts): Promise<Layer[]> {
  const root = `${target}-go`
  await makeSdkRoot(archive, base, ["git", "ca-certificates", "openssh-client"], root, work)
  copyFileSync(trust, join(root, TRUST_FILE))
  for (const folder of ["go/pkg/mod", "root/.cache/go-build"]) mkdirSync(join(root, folder), { recursive: true })
  const parts: LayerPart[] = [
    { folder: root, at: "", exclude: ["./dev/*"], keepOwners: true },
    { folder: go.root, at: "usr/local/go", exclude: ["./test", "./doc", "./api"] },
  ]
  const layer = await writeImageLayer(target, "go", parts, archive.date, work)
  await exec("rm", ["-rf", "--one-file-system", root])
  return [layer]
}

/** The files of the module that serves `sdk: typescript`, and in `node` the root of its containers. */
async function typescriptLayers({ archive, trust, base, target, work }: ContentParts): Promise<Layer[]> {
  const root = `${target}-node`
  const bundled = `${target}-bundled`
  const npm = async () => {
    const tools = `${target}-tools`
    cpSync(TOOLS, tools, { recursive: true })
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"]
    await runTool("npm", ["ci", ...quiet, "--cache", join(work, "npm")], work, { cwd: tools })
    return tools
  }
  const [tools] = await Promise.all([
    npm(),
    makeSdkRoot(archive, base, ["nodejs", "ca-certificates"], root, work),
    bundleSdk(bundled),
  ])
  copyFileSync(trust, join(root, TRUST_FILE))
  // Among the tools, because the distribution's consists of hundreds of packages.
  symlinkSync("/opt/module-tools/node_modules/.bin/npm", join(root, "usr/local/bin/npm"))
  const parts: LayerPart[] = [
    { folder: RUNTIME, at: "runtime" },
    { folder: bundled, at: "bundled" },
    { folder: root, at: "node", exclude: ["./dev/*"], keepOwners: true },
    { folder: tools, at: "node/opt/module-tools" },
  ]
  const layer = await writeImageLayer(target, "typescript", parts, archive.date, work)
  await exec("rm", ["-rf", "--one-file-system", root, bundled, tools])
  return [layer]
}
