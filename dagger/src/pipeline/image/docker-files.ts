import { filesIn, type UploadedFile } from "../engine/uploads.js"

/** Files that people keep in `docker/` and no image needs, secrets above all: none reaches an engine. The module's argument excludes the same. */
export const NOT_FOR_IMAGES = [".env", "secrets", "**/node_modules"] as const

/**
 * Whether one of the patterns means a file or folder.
 *
 * @param path relative to the folder that the patterns are about
 * @param patterns paths relative to it; with a leading double star and slash, a name in any of its folders
 */
export function isExcluded(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => pattern === path || pattern === `**/${path.split("/").at(-1) ?? ""}`)
}

/**
 * The files of the project's `docker/` folder, by their paths in it.
 *
 * @param docker absolute path of the folder on this program's machine
 */
export function dockerFiles(docker: string): Record<string, UploadedFile> {
  return filesIn(docker, (path) => isExcluded(path, NOT_FOR_IMAGES))
}
