import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import { lookup } from "./lookup.js"
import { reuseBlobs } from "./reuse.js"
import { explainFullDisk, makeFolder, requireWritable } from "./writable-folder.js"

/** Files that tell a folder written by an earlier build from one of the user's own. */
const OURS = ["report.json", "oci-layout"]
const CHOOSE = "Choose another with --output"

/**
 * The folder that builds are written to, with one folder per variant. Only complete results appear there: each is written
 * beside its place, then renamed.
 */
export class OutputFolder {
  /** Absolute. */
  readonly path: string

  /** Throws OUTPUT_UNWRITABLE when the folder, or a variant's folder in it, cannot be written or is not ours to replace. */
  constructor(given: string, variants: readonly VariantName[]) {
    if (given.trim() === "") throw unwritable("--output is empty.", "Give the path of a folder.")
    this.path = resolve(given)
    requireWritable(this.path, "The output folder", CHOOSE)
    for (const variant of variants) ownOrAbsent(join(this.path, variant))
  }

  of(variant: VariantName): string {
    return join(this.path, variant)
  }

  archiveOf(variant: VariantName): string {
    return join(this.path, `${variant}.oci.tar`)
  }

  /**
   * Lets `write` fill a new folder, then puts it in the variant's place. A failure leaves what was there before.
   * Throws OUTPUT_UNWRITABLE when the disk is full.
   *
   * @param blobs names of the blobs that the new folder will have; those that an earlier build left are reused
   * @param write gets the new folder, and the paths below it of the blobs that are there already
   */
  async replace(
    variant: VariantName,
    blobs: readonly string[],
    write: (folder: string, present: string[]) => Promise<void>,
  ): Promise<string> {
    const place = this.of(variant)
    makeFolder(this.path)
    this.removeLeftovers()
    const fresh = this.beside(variant)
    try {
      mkdirSync(fresh)
      await write(fresh, await reuseBlobs(place, fresh, blobs))
      // An archive of the previous image would look like this one's.
      rmSync(this.archiveOf(variant), { force: true })
      swap(fresh, place)
    } catch (error) {
      throw explainFullDisk(error, this.path, CHOOSE)
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
    return place
  }

  /** The same for the variant's archive. */
  async replaceArchive(variant: VariantName, write: (file: string) => Promise<void>): Promise<string> {
    const fresh = this.beside(variant)
    try {
      await write(fresh)
      renameSync(fresh, this.archiveOf(variant))
    } catch (error) {
      throw explainFullDisk(error, this.path, CHOOSE)
    } finally {
      rmSync(fresh, { force: true })
    }
    return this.archiveOf(variant)
  }

  private beside(variant: VariantName): string {
    return join(this.path, `.${variant}.partial-${process.pid}`)
  }

  /** Left by builds that were killed while they wrote. */
  private removeLeftovers(): void {
    for (const name of readdirSync(this.path)) {
      const owner = /^\..+\.partial-(\d+)(?:\.old)?$/.exec(name)?.[1]
      if (owner !== undefined && !alive(Number(owner))) rmSync(join(this.path, name), { recursive: true, force: true })
    }
  }
}

function swap(fresh: string, place: string): void {
  if (!existsSync(place)) {
    renameSync(fresh, place)
    return
  }
  const old = `${fresh}.old`
  renameSync(place, old)
  try {
    renameSync(fresh, place)
  } catch (error) {
    renameSync(old, place)
    throw error
  }
  rmSync(old, { recursive: true, force: true })
}

function ownOrAbsent(place: string): void {
  const found = lookup(place)
  if (!found) return
  if (!found.isDirectory())
    throw unwritable(`${place} exists and is not a folder.`, "Move it away, or choose another --output.")
  const names = readdirSync(place)
  if (names.length > 0 && !OURS.some((name) => names.includes(name)))
    throw unwritable(
      `${place} contains files that no build wrote, and a build would replace them.`,
      "Move them away, or choose another --output.",
    )
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

function unwritable(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("OUTPUT_UNWRITABLE", problem, remedy)
}
