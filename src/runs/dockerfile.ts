import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { dockerfile, dockerfileName, DOCKERFILE_SCRIPTS } from "../../dagger/src/core/dockerfile/dockerfile.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { VARIANTS, type VariantName } from "../../dagger/src/core/variants/names.js"
import { script } from "../../dagger/src/pipeline/engine/script.js"
import { DOCKER_FOLDER } from "../host/paths.js"
import type { CommandContext } from "../input/context.js"

/** The Dockerfiles of all variants and the scripts that they use, by their absolute path, as they should be. */
export function dockerfiles(): Map<string, string> {
  const actVersion = readFileSync(join(DOCKER_FOLDER, "act-runner", "VERSION"), "utf8").trim()
  const files = [
    ...VARIANTS.map((variant) => [dockerfileName(variant), dockerfile(variant, actVersion)] as const),
    ...Object.entries(DOCKERFILE_SCRIPTS).map(([path, source]) => [path, script(source)] as const),
  ]
  return new Map(files.map(([path, text]) => [join(DOCKER_FOLDER, path), text]))
}

export interface DockerfileRun {
  /** The one to print. */
  variant: VariantName
  action: "print" | "write" | "check"
}

/**
 * Prints, writes or checks the Dockerfiles in `docker/`.
 *
 * @throws RunnerImagesError DOCKERFILE_OUTDATED when one is not what it should be, OUTPUT_UNWRITABLE when it cannot be written
 */
export function runDockerfile(context: CommandContext, { variant, action }: DockerfileRun): void {
  const files = dockerfiles()
  if (action === "print") {
    const name = VARIANTS.find((known) => known === variant)
    const text = name && files.get(join(DOCKER_FOLDER, dockerfileName(name)))
    context.answer((text ?? "").trimEnd())
    return
  }
  const other = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text)
  if (action === "check" && other.length > 0)
    throw new RunnerImagesError(
      "DOCKERFILE_OUTDATED",
      `${other.map(([path]) => path).join(", ")}: not what the catalog and the variants make of it.`,
      "Run runner-images dockerfile --write, and review the difference.",
    )
  for (const [path, text] of other) write(path, text)
  context.answer(
    other.length === 0 ? "All Dockerfiles are up to date." : other.map(([path]) => `Wrote ${path}`).join("\n"),
  )
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  } catch (cause) {
    throw new RunnerImagesError(
      "OUTPUT_UNWRITABLE",
      `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Make the folder writable.",
      { cause },
    )
  }
}
