// The names in an image's root, as programs in the image see them: symbolic links lead to places within it.
import { readlinkSync } from "node:fs"
import { join } from "node:path"

/** As many symbolic links as Linux follows on one path. */
const MOST_LINKS = 40

/** @typedef {"file" | "folder" | "link" | "other"} Kind */

/** @param {import("node:fs").Dirent | import("node:fs").Stats} entry @returns {Kind} */
export function kindOf(entry) {
  if (entry.isFile()) return "file"
  if (entry.isDirectory()) return "folder"
  return entry.isSymbolicLink() ? "link" : "other"
}

export class Tree {
  #targets = new Map()
  #resolved = new Map()

  /**
   * @param {string} root where the image's root is mounted
   * @param {Map<string, Kind>} entries every path of the image and what it is
   */
  constructor(root, entries = new Map([["/", "folder"]])) {
    this.root = root
    this.entries = entries
  }

  /** Where a path of the image is outside of it. @param {string} path */
  outside(path) {
    return join(this.root, path)
  }

  /** The path without symbolic links; undefined when it leads nowhere. @param {string} path absolute */
  resolve(path) {
    return this.#walk(path, 0)
  }

  #walk(path, links) {
    const known = this.#resolved.get(path)
    if (known !== undefined) return known || undefined
    const found = this.#step(path, links)
    this.#resolved.set(path, found ?? "")
    return found
  }

  #step(path, links) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".")
    const name = parts.pop()
    if (name === undefined) return "/"
    const folder = this.#walk(`/${parts.join("/")}`, links)
    if (folder === undefined) return undefined
    const full = join(folder, name)
    const kind = this.entries.get(full)
    if (kind !== "link") return kind === undefined ? undefined : full
    if (links === MOST_LINKS) return undefined
    const target = this.#target(full)
    return this.#walk(target.startsWith("/") ? target : `${folder}/${target}`, links + 1)
  }

  #target(path) {
    const target = this.#targets.get(path) ?? readlinkSync(this.outside(path))
    this.#targets.set(path, target)
    return target
  }
}
