import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { build, stop } from "esbuild"
import { keysOf, sourcesOf } from "./keys.mjs"
import { findBundle, placesFor, storeBundle } from "./places.mjs"

const CLIENT = "@dagger.io/dagger"
/**
 * Its modules that the program imports, with their names in the bundle.
 *
 * @type {Record<string, string>}
 */
const CLIENT_MODULES = { [CLIENT]: "client", [`${CLIENT}/telemetry`]: "telemetry" }

/** A mistake in the sources; the message is for the person who made it. */
export class SourcesBroken extends Error {}

/**
 * Bundles the program, and Dagger's client if the dependencies have changed.
 *
 * Measured on one machine, in processor time: all packages bundled, `--version` takes 0.22 s, and 0.45 s if each is read from
 * node_modules. Loading Dagger's client takes 1.3 s as a package, most of that for the TypeScript compiler, which only modules need, and
 * 0.28 s bundled without it. It is a bundle of its own, because bundling it takes longer than all the rest, and it seldom changes.
 *
 * @param {string} root
 * @returns {Promise<string | undefined>} folder of the program's bundle; undefined if there is no place for it
 * @throws SourcesBroken
 */
export async function makeBundle(root) {
  try {
    for (;;) {
      const keys = keysOf(root)
      const { files, usesClient } = await bundleProgram(root, keys.client)
      // Bundled from other sources than those that the name stands for, if one was saved meanwhile.
      if (keysOf(root).program !== keys.program) continue
      /** @type {Record<string, Uint8Array> | undefined} */
      let client
      for (const place of placesFor(root)) {
        try {
          if (usesClient && findBundle(place, keys.client) === undefined)
            await storeBundle(place, keys.client, (client ??= await bundleClient(root)), [])
          return await storeBundle(place, keys.program, files, usesClient ? [keys.client] : [])
        } catch (error) {
          if (!(error instanceof Error && "syscall" in error)) throw error
          // This place cannot be written.
        }
      }
      return undefined
    }
  } finally {
    await stop()
  }
}

/** @satisfies {import("esbuild").BuildOptions} */
const OPTIONS = /** @type {const} */ ({
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // What is imported late stays in files of its own.
  splitting: true,
  outExtension: { ".js": ".mjs" },
  // Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "silent",
  write: false,
  // For packages that are not ES modules.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
})

/**
 * @param {string} root
 * @param {string} client name of the bundle of Dagger's client, beside the program's
 */
async function bundleProgram(root, client) {
  let usesClient = false
  /** @type {import("esbuild").Plugin} */
  const clientBeside = {
    name: "client-beside",
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^${CLIENT}(?:/|$)`) }, ({ path }) => {
        const name = CLIENT_MODULES[path]
        if (name === undefined)
          return { errors: [{ text: `${path} is not in CLIENT_MODULES of scripts/start/make.mjs` }] }
        usesClient = true
        return { path: `../${client}/${name}.mjs`, external: true }
      })
      onResolve({ filter: /^esbuild$/ }, ({ path }) => ({
        errors: [
          { text: `${path} finds its program only in node_modules: load it with createRequire(import.meta.url)` },
        ],
      }))
    },
  }
  const inPlace = sourcesOf(root).filter((file) => readFileSync(join(root, file), "utf8").includes("import.meta"))
  const plugins = [clientBeside, unmoved([...inPlace.map((file) => join(root, file)).map(escaped), YARGS_LOCALES])]
  try {
    const { outputFiles } = await build({
      ...OPTIONS,
      absWorkingDir: root,
      entryPoints: { cli: join(root, "src/cli.ts") },
      external: NOT_INSTALLED,
      // Where nothing is written, but what the maps' names of sources are relative to.
      outdir: root,
      sourcemap: "linked",
      sourcesContent: false,
      sourceRoot: pathToFileURL(join(root, "/")).href,
      plugins,
    })
    return { files: contentsOf(outputFiles), usesClient }
  } catch (error) {
    throw explained(error)
  }
}

/**
 * Dagger's client without its introspector and runtime for modules.
 *
 * @param {string} root
 */
async function bundleClient(root) {
  /** @type {import("esbuild").Plugin} */
  const withoutModules = {
    name: "without-modules",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/module\/entrypoint\/entrypoint\.js$/ }, ({ path }) => ({ path, namespace: "left-out" }))
      onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "export const entrypoint = undefined" }))
    },
  }
  const { outputFiles } = await build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: Object.entries(CLIENT_MODULES).map(([module, out]) => ({ in: module, out })),
    outdir: root,
    banner: {
      js: `${OPTIONS.banner.js} const __filename = import.meta.filename, __dirname = import.meta.dirname;`,
    },
    // It looks for its own version from where it is.
    plugins: [withoutModules, unmoved(["[\\\\/]@dagger\\.io[\\\\/]dagger[\\\\/].*\\.js"])],
  })
  return contentsOf(outputFiles)
}

/** The library for CycloneDX would write XML with it if it were there. */
const NOT_INSTALLED = ["xmlbuilder2"]

/** yargs looks for its texts from here. */
const YARGS_LOCALES = "[\\\\/]yargs[\\\\/]lib[\\\\/]platform-shims[\\\\/]esm\\.mjs"

/**
 * Lets files find what is beside them, as if they were not bundled: their `import.meta` stays that of the source.
 *
 * @param {string[]} patterns of paths
 * @returns {import("esbuild").Plugin}
 */
function unmoved(patterns) {
  return {
    name: "unmoved",
    setup({ onLoad }) {
      onLoad({ filter: new RegExp(`(?:${patterns.join("|")})$`) }, ({ path }) => {
        const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
        const text = readFileSync(path, "utf8").replaceAll(/\bimport\.meta\b/g, `(${JSON.stringify(meta)})`)
        return { contents: text, loader: path.endsWith(".ts") ? "ts" : "js" }
      })
    },
  }
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
}

/** @param {import("esbuild").OutputFile[]} files */
function contentsOf(files) {
  return Object.fromEntries(files.map(({ path, contents }) => [basename(path), contents]))
}

/**
 * @param {unknown} error what esbuild throws
 * @returns {unknown} the same, unless it found mistakes in the sources
 */
function explained(error) {
  if (!(error instanceof Error && "errors" in error)) return error
  const { errors } = /** @type {import("esbuild").BuildFailure} */ (error)
  const lines = errors.map(({ text, location }) =>
    location === null
      ? `  ${text}`
      : `  ${location.file}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}`,
  )
  return new SourcesBroken(
    `error: The program's sources cannot be translated: [SOURCES_BROKEN]\n${lines.join("\n")}\n` +
      "Correct them, or restore them with Git: git status names the files that were changed.",
    { cause: error },
  )
}
