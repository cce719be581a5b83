import { environmentOn } from "../plan/plan.js"
import type { CheckContext } from "./check.js"

/** What a variant's own layers do to the files of the image that it extends. */
export interface OwnLayers {
  /** New folders and files, without those inside of other new folders. A folder's path ends in a slash. */
  added: readonly string[]
  /** Files of the image below that are replaced. */
  replaced: readonly string[]
  /** Programs in the folders that the variant adds to PATH, by name. */
  programs: readonly string[]
  /** Those of them that a folder of the PATH below has as well. */
  shadowing: readonly string[]
}

/** Parses the output of `scripts/own-layers.sh`. */
export function readOwnLayers(output: string): OwnLayers {
  const lines = output.split("\n")
  const of = (kind: keyof OwnLayers | "program") =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  return { added: of("added"), replaced: of("replaced"), programs: of("program"), shadowing: of("shadowing") }
}

export function pathOf({ plan, platform }: CheckContext): string[] {
  return (environmentOn(plan, platform).PATH ?? "").split(":").filter((folder) => folder !== "")
}

/** The folders that a variant adds to the PATH of the image below. */
export function addedToPath(below: CheckContext, own: CheckContext): string[] {
  const folders = pathOf(below)
  return pathOf(own).filter((folder) => !folders.includes(folder))
}

/** Whether the folders of the PATH below are all there, in the same order. */
export function extendsPath(below: CheckContext, own: CheckContext): boolean {
  const before = pathOf(below)
  return (
    before.join(":") ===
    pathOf(own)
      .filter((folder) => before.includes(folder))
      .join(":")
  )
}
