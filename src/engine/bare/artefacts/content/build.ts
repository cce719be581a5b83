/**
 * Builds the contents of the engine's two SDKs, `sdk: go` and `sdk: typescript` of a dagger.json, in the engine itself: a process
 * of its own, because the SDK's client keeps its connection for the life of a process.
 *
 * One argument: the inputs as JSON. Writes go-sdk.tar and typescript-sdk.tar, OCI archives, into the output folder.
 */
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { connection, dag, ImageLayerCompression, type Container, type Platform } from "@dagger.io/dagger"
import { build } from "esbuild"

export interface ContentInputs {
  /** The base image by digest, as the engine knows it. */
  base: string
  platform: string
  /** Folder with codegen. */
  binaries: string
  goRoot: string
  /** The bundle of certificate authorities that this host trusts: containers fetch modules too, through the same proxies. */
  trust: string
  /** Folder of the module that serves `sdk: typescript`. */
  runtime: string
  /** Folder with package.json and lock of what runs TypeScript modules. */
  tools: string
  output: string
  log: string
}

/** The library as one file, and the re-exports through which a module's generated client is imported. */
async function bundleSdk(folder: string): Promise<void> {
  const require = createRequire(import.meta.url)
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [require.resolve("@dagger.io/dagger")],
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["typescript"],
    outfile: join(folder, "core.js"),
    logLevel: "error",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;',
    },
  })
  writeFileSync(join(folder, "core.d.ts"), CORE_TYPES)
  writeFileSync(
    join(folder, "index.ts"),
    `export { connection, connect, Context, func, argument, object, field, enumType, check, entrypoint } from "./core.js"
export { DaggerSDKError, ExecError, GraphQLRequestError, UnknownDaggerError, FunctionNotFound, ERROR_CODES } from "./core.js"
export * from "./client.gen.js"
`,
  )
  writeFileSync(join(folder, "telemetry.ts"), 'export { getTracer } from "./core.js"\n')
}

/** Types of what modules use beside their generated client. Decorators are the introspector's business, which reads their names. */
const CORE_TYPES = `export * from "./client.gen.js"
export declare class DaggerSDKError extends Error {
  readonly code: string
}
export declare class ExecError extends DaggerSDKError {
  readonly cmd: string[]
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}
export declare class GraphQLRequestError extends DaggerSDKError {}
export declare function getTracer(name?: string): {
  startActiveSpan<T>(name: string, work: () => Promise<T>): Promise<T>
}
`

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
const TRUST_FILE = "/etc/ssl/certs/ca-certificates.crt"

async function buildContents(inputs: ContentInputs): Promise<void> {
  const bundled = join(inputs.output, "bundled")
  await bundleSdk(bundled)
  const platform = inputs.platform as Platform
  const base = dag.container({ platform }).from(inputs.base)
  const trust = dag.host().file(inputs.trust)
  const withPackages = (container: Container, packages: string) =>
    container
      .withEnvVariable("DEBIAN_FRONTEND", "noninteractive")
      .withExec([
        "sh",
        "-ec",
        `apt-get update -qq; apt-get install -y -qq --no-install-recommends ${packages} >/dev/null; rm -rf /var/lib/apt/lists/*`,
      ])
      .withoutEnvVariable("DEBIAN_FRONTEND")
      .withFile(TRUST_FILE, trust)

  const go = withPackages(base, "git ca-certificates openssh-client")
    .withDirectory("/usr/local/go", dag.host().directory(inputs.goRoot, { exclude: ["test", "doc", "api"] }))
    .withEnvVariable("PATH", `/go/bin:/usr/local/go/bin:${PATH}`)
    .withEnvVariable("GOPATH", "/go")
    .withEnvVariable("GOTOOLCHAIN", "local")
    .withEnvVariable("CGO_ENABLED", "0")
    .withFile("/usr/local/bin/codegen", dag.host().file(join(inputs.binaries, "codegen")))
    .withDirectory("/go/pkg/mod", dag.directory())
    .withDirectory("/root/.cache/go-build", dag.directory())
    .withWorkdir("/go")

  const node = withPackages(base, "nodejs npm ca-certificates")
    .withDirectory("/opt/module-tools", dag.host().directory(inputs.tools, { include: ["package*.json"] }))
    .withWorkdir("/opt/module-tools")
    .withExec(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", "/tmp/npm"])
    .withExec(["sh", "-ec", "rm -rf /tmp/npm; ln -s /opt/module-tools/node_modules/.bin/tsx /usr/local/bin/tsx"])
  const typescript = dag.container({ platform }).withRootfs(
    dag
      .directory()
      .withDirectory("runtime", dag.host().directory(inputs.runtime))
      .withFile("codegen", dag.host().file(join(inputs.binaries, "codegen")))
      .withDirectory("bundled", dag.host().directory(bundled))
      .withDirectory("node", node.rootfs()),
  )
  const zstd = { forcedCompression: ImageLayerCompression.Zstd }
  await Promise.all([
    go.asTarball(zstd).export(join(inputs.output, "go-sdk.tar")),
    typescript.asTarball(zstd).export(join(inputs.output, "typescript-sdk.tar")),
  ])
}

const inputs = JSON.parse(process.argv[2] ?? "{}") as ContentInputs
mkdirSync(dirname(inputs.log), { recursive: true })
await connection(() => buildContents(inputs), { LogOutput: createWriteStream(inputs.log) })
