import { filesIn, type UploadedFile } from "../engine/uploads.js"

/** Files that people keep in `docker/` and no image needs, secrets above all: none reaches an engine. The module's argument excludes the same. */
export const NOT_FOR_IMAGES = [".env", "secrets", "**/node_modules"] as const

/**
 * The files of the project's `docker/` folder, by their paths in it.
 *
 * @param docker absolute path of the folder on this program's machine
 */
export function dockerFiles(docker: string): Record<string, UploadedFile> {
  return filesIn(docker, (path) => [".env", "secrets"].includes(path) || path.split("/").at(-1) === "node_modules")
}
