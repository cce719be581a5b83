// Starts the command line from one bundle of its sources. Translating them at every start would take several times as long as the start
// itself. The bundle is made when a source has changed, and reused otherwise.
import { fileURLToPath, pathToFileURL } from "node:url"
import { join } from "node:path"
import { keysOf } from "./keys.mjs"
import { findBundle, placesFor } from "./places.mjs"

const root = fileURLToPath(new URL("../../", import.meta.url))

const keys = keysOf(root)
const found = placesFor(root)
  .map((place) => findBundle(place, keys.program))
  .find((folder) => folder !== undefined)
const folder = found ?? (await made())

// Stack traces name the sources.
process.setSourceMapsEnabled(true)
if (folder === undefined) {
  // No folder can hold a bundle that is safe from other users: translated at each start, the program still runs.
  const { register } = await import("tsx/esm/api")
  register({ tsconfig: join(root, "tsconfig.json") })
  await import(pathToFileURL(join(root, "src/cli.ts")).href)
} else {
  await import(pathToFileURL(join(folder, "cli.mjs")).href)
}

/** Loaded only now: esbuild takes a while. */
async function made() {
  const { makeBundle, SourcesBroken } = await import("./make.mjs")
  try {
    return await makeBundle(root)
  } catch (error) {
    if (!(error instanceof SourcesBroken)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
