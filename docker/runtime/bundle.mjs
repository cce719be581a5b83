// Makes the runtime program: one file with all its packages in it, the same whichever machine makes it.
//
//   node docker/runtime/bundle.mjs FOLDER     writes FOLDER/runtime.mjs
import { builtinModules } from "node:module"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const here = fileURLToPath(new URL(".", import.meta.url))
const [folder = "."] = process.argv.slice(2)

/**
 * Node's own modules are required, not imported. To import one, Node.js looks at each of its exports, and with that loads what hides behind
 * them: for node:http the whole of fetch, which is 13 MB.
 *
 * @type {import("esbuild").Plugin}
 */
const requireBuiltins = {
  name: "require-builtins",
  setup(build) {
    const names = new RegExp(`^(?:node:)?(?:${builtinModules.join("|")})$`)
    build.onResolve({ filter: names }, ({ path, namespace }) =>
      namespace === "builtin" ? { path, external: true } : { path, namespace: "builtin" },
    )
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * What of a package nothing here uses, and what costs memory for all that, since the package loads it.
 *
 * @type {import("esbuild").Plugin}
 */
const leaveOut = {
  name: "leave-out",
  setup(build) {
    const unused = /prom-client\/lib\/(?:cluster|pushgateway|defaultMetrics)(?:\.js)?$/
    build.onResolve({ filter: /\/(?:cluster|pushgateway|defaultMetrics)$/ }, ({ path, resolveDir }) => {
      const file = join(resolveDir, path)
      return unused.test(file) ? { path: file, namespace: "left-out" } : undefined
    })
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "module.exports = undefined" }))
  },
}

await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile: join(resolve(folder), "runtime.mjs"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  // Names stay, for stack traces that can be read. In ASCII, the text takes one byte a character in memory.
  minifySyntax: true,
  minifyWhitespace: true,
  charset: "ascii",
  legalComments: "eof",
  logLevel: "warning",
  plugins: [requireBuiltins, leaveOut],
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
})
