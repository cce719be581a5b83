import { execFileSync, type ExecFileSyncOptions, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { catalogTool } from "../../dagger/src/core/catalog/catalog.js"
import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import { PROJECT_ROOT } from "../../src/host/paths.js"

const CACHE = join(PROJECT_ROOT, "node_modules/.cache/image-node")

/** Of the registry, for this machine; undefined where there is none, as on macOS. */
function wanted() {
  const platform = process.platform === "linux" ? platformOfNodeArch(process.arch) : undefined
  const { registry } = catalogTool("node")
  const source = platform && registry.kind === "npm" ? registry : undefined
  if (!source || !platform) return undefined
  const found = source.packages[platform]
  return { ...found, version: source.version, folder: join(CACHE, `${found.name}-${source.version}`) }
}

/**
 * The image's Node.js, which the entrypoint's tests start: RUNNER_IMAGES_NODE, or the catalog's.
 *
 * @returns undefined where it could not be had
 */
export function imageNode(): string | undefined {
  const given = process.env.RUNNER_IMAGES_NODE
  if (given !== undefined) return given
  const folder = wanted()?.folder
  if (folder === undefined || !existsSync(folder)) return undefined
  const program = join(folder, "bin/node")
  return spawnSync(program, ["--version"]).status === 0 ? program : undefined
}

/** Before the first of the unit tests: gets the catalog's Node.js with npm's own client, once. */
export default function setup(): void {
  const node = wanted()
  if (process.env.RUNNER_IMAGES_NODE !== undefined || !node || existsSync(node.folder)) return
  mkdirSync(CACHE, { recursive: true })
  const scratch = mkdtempSync(join(CACHE, "new-"))
  try {
    const quiet: ExecFileSyncOptions = { cwd: scratch, stdio: ["ignore", "ignore", "pipe"] }
    execFileSync("npm", ["pack", `${node.name}@${node.version}`, "--silent"], { ...quiet, timeout: 300_000 })
    const [archive = ""] = readdirSync(scratch)
    const sum = createHash("sha512")
      .update(readFileSync(join(scratch, archive)))
      .digest("base64")
    if (`sha512-${sum}` !== node.integrity) throw new Error(`${node.name} has another checksum than the catalog's`)
    execFileSync("tar", ["-xzf", archive], quiet)
    // In one step: another run may do the same at this moment, and whoever is second finds it there.
    renameSync(join(scratch, "package"), node.folder)
  } catch (error) {
    if (!existsSync(node.folder))
      console.warn(`the image's Node.js could not be had, so that tests are skipped: ${(error as Error).message}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
