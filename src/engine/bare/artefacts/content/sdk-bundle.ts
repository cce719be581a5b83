import { mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import type * as Esbuild from "esbuild"

/**
 * Writes what TypeScript modules import as `@dagger.io/dagger`: the library as one file, and the re-exports through which a module's
 * generated client is imported.
 */
export async function bundleSdk(folder: string): Promise<void> {
  const require = createRequire(import.meta.url)
  // Not imported: it looks for its own program beside itself, so it cannot be a part of the command line's bundle. Loaded here, because
  // every command would otherwise load it.
  const { build } = require("esbuild") as typeof Esbuild
  mkdirSync(folder, { recursive: true })
  await build({
    entryPoints: [require.resolve("@dagger.io/dagger")],
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["typescript"],
    // tsx transforms this file at each start of a function: half its size takes a second less. Names are kept, because errors show them.
    minify: true,
    keepNames: true,
    // Node.js prints the line that an uncaught error was thrown in.
    lineLimit: 200,
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
