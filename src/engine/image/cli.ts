import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { attempt, exec } from "../../host/exec.js"
import { stateFolder } from "../../host/paths.js"
import { ENGINE_IMAGE } from "../bare/state/version.js"
import { CLI_LABEL } from "./label.js"

const MILLISECONDS = 20_000

/**
 * Takes Dagger's command line out of the engine's image, if `engine image` made that: where the image had to be carried to, the command line
 * cannot be downloaded either.
 *
 * @returns its path, or undefined for other images, without an image, and where programs of the image do not run
 */
export async function cliOfImage(program: "docker" | "podman"): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined
  const format = `{{.Id}} {{index .Config.Labels "${CLI_LABEL}"}}`
  const { exitCode, stdout } = await attempt(program, ["image", "inspect", "--format", format, ENGINE_IMAGE], {
    timeout: MILLISECONDS,
  })
  const [, id, path] = /^(?:sha256:)?([0-9a-f]{64}) (\/\S+)$/.exec(stdout.trim()) ?? []
  if (exitCode !== 0 || id === undefined || path === undefined) return undefined
  const folder = join(stateFolder(), "engine-cli", id)
  // By its own name: that is how its processes are found when they have to be ended.
  const file = join(folder, "dagger")
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unfinished = `${file}.${String(process.pid)}`
  const container = await exec(program, ["create", ENGINE_IMAGE])
  try {
    await exec(program, ["cp", `${container}:${path}`, unfinished])
    chmodSync(unfinished, 0o700)
    renameSync(unfinished, file)
  } finally {
    rmSync(unfinished, { force: true })
    await attempt(program, ["rm", "--volumes", container])
  }
  return file
}
