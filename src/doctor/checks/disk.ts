import { join } from "node:path"
import { existsSync } from "node:fs"
import { platformOfNodeArch } from "../../../dagger/src/core/platforms.js"
import { missingPackages } from "../../engine/bare/artefacts/host-packages.js"
import { findProgram, gigabytes } from "../../engine/bare/host/host.js"
import { BUILD_BYTES, diskNeeds } from "../../engine/bare/plan.js"
import { locate, missingHere } from "../../engine/bare/up.js"
import { attempt } from "../../host/exec.js"
import type { Examination, World } from "../examination/examination.js"
import { ok, problem, skipped, warning, type Finding } from "../examination/finding.js"

/** A variant's layout for both platforms has 0.6 GB, its archive as much again, and it is written beside the last one. */
const OUTPUT_BYTES = 2e9

/** Space for the engine, whose needs `engine up --dry-run` shows too, and for what builds write. */
export async function checkDisk(examination: Examination): Promise<Finding[]> {
  const { output, freeBytes } = examination.world
  return [
    await engineSpace(examination),
    spaceFinding("disk: output", output, freeBytes(output), {
      wanted: OUTPUT_BYTES,
      remedy: `free some space, or choose a folder on a larger disk: --output FOLDER`,
    }),
  ]
}

async function engineSpace(examination: Examination): Promise<Finding> {
  const { world } = examination
  const { freeBytes } = world
  const search = await examination.search()
  if (search.kind === "startable" || (search.kind === "found" && search.engine.kind === "bare")) {
    const path = locate(undefined, world.env).state.root
    const starting = search.kind === "startable" ? startNeeds(world) : undefined
    return spaceFinding("disk: engine", path, freeBytes(path), {
      wanted: starting ?? BUILD_BYTES,
      // `engine up` refuses to start then, a build may still find everything in the engine's cache.
      ...(starting === undefined ? {} : { least: starting }),
      remedy: "./runner-images engine prune, or set XDG_CACHE_HOME to a folder on a larger disk",
    })
  }
  if (search.kind === "found" && search.engine.kind !== "environment") {
    const { kind } = search.engine
    const path = await storageOf(kind === "podman" ? "podman" : "docker", world)
    if (path !== undefined && existsSync(path))
      return spaceFinding("disk: engine", path, freeBytes(path), {
        wanted: BUILD_BYTES,
        remedy: `${kind} system df shows what takes the space; ${kind} system prune frees what is unused`,
      })
  }
  return skipped("disk: engine", "the engine's disk cannot be seen from here")
}

/** @returns undefined also if the engine is on another machine */
async function storageOf(cli: "docker" | "podman", { env, patience }: World): Promise<string | undefined> {
  if (/^(?:tcp|ssh|https?):/.test(env["DOCKER_HOST"] ?? "")) return undefined
  const format = cli === "docker" ? "{{.DockerRootDir}}" : "{{.Store.GraphRoot}}"
  const { exitCode, stdout } = await attempt(cli, ["info", "--format", format], {
    env,
    cleanEnv: true,
    timeout: patience,
  })
  return exitCode === 0 && stdout.startsWith("/") ? stdout.trim() : undefined
}

function startNeeds({ env, root, facts }: World): number | undefined {
  const host = platformOfNodeArch(facts.nodeArch)
  if (host === undefined) return undefined
  return diskNeeds({
    packages: packagesNeeded({ env, root }),
    missing: missingHere(locate(undefined, env), host),
    host,
  })
}

/** Packages that `engine up` would install. */
export function packagesNeeded({ env, root }: Pick<World, "env" | "root">): string[] {
  return missingPackages((shownBy) =>
    shownBy.startsWith("/") ? existsSync(join(root, shownBy)) : findProgram(shownBy, env) !== undefined,
  )
}

interface Space {
  /** Bytes; with less there is a warning. */
  wanted: number
  /** Bytes; with less there is a problem. */
  least?: number
  remedy: string
}

/** What is left for a build to begin with: below that even small writes fail. */
const LEAST = 0.5e9

export function spaceFinding(
  check: string,
  path: string,
  free: number,
  { wanted, least = LEAST, remedy }: Space,
): Finding {
  const text = `${gigabytes(free)} free for ${path}; ${gigabytes(wanted)} are needed`
  if (free < least) return problem(check, text, remedy, "ENGINE_DISK")
  return free < wanted ? warning(check, text, remedy) : ok(check, text)
}
