// Finds the libraries that programs need, as glibc's dynamic linker would. See ld.so(8).
import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"

/** @typedef {import("./elf.mjs").Elf} Elf */

export class Libraries {
  #tree
  #elves
  #kind
  #triplet
  #system
  /** Who loads a library, for the folders that it inherits. @type {Map<string, Set<string>>} */
  #loaders = new Map()
  /** Libraries by their names and by what their dynamic section calls them. @type {Map<string, Set<string>>} */
  #named = new Map()

  /**
   * @param {import("./tree.mjs").Tree} tree
   * @param {Map<string, Elf>} elves every ELF file of the image by its path
   * @param {string} kind class and machine of what the image's own dynamic linker loads
   * @param {string} triplet the multiarch folder's name
   */
  constructor(tree, elves, kind, triplet) {
    this.#tree = tree
    this.#elves = elves
    this.#kind = kind
    this.#triplet = triplet
    this.#system = [
      ...configuredFolders(tree, "/etc/ld.so.conf"),
      ...["/lib", "/usr/lib"].map((folder) => `${folder}/${triplet}`),
      ...["/lib64", "/usr/lib64", "/lib", "/usr/lib"],
    ]
  }

  /**
   * What programs and libraries of the image need and would not get; and where such a library is, if it is in folders in which the dynamic
   * linker does not look.
   *
   * @returns {{ path: string, needs: string, elsewhere?: string[] }[]}
   */
  missing() {
    const own = [...this.#elves].filter(([, { kind }]) => kind === this.#kind)
    for (const [path, { soname }] of own)
      for (const name of [soname, basename(path)]) if (name) add(this.#named, name, path)
    const missing = []
    for (const [path, elf] of own) {
      if (elf.interpreter !== undefined && !this.#loadable(elf.interpreter))
        missing.push({ path, needs: elf.interpreter })
      for (const needs of elf.needed) {
        const found = this.#find(needs, path, elf)
        if (found) add(this.#loaders, found, path)
        else missing.push({ path, needs })
      }
    }
    // Only now is it known who loads whom.
    return missing
      .filter(({ path, needs }) => !this.#inherited(needs, path))
      .map(({ path, needs }) => {
        const elsewhere = [...(this.#named.get(needs) ?? [])].sort()
        return elsewhere.length > 0 ? { path, needs, elsewhere } : { path, needs }
      })
  }

  #find(needs, path, { rpath, runpath }) {
    if (needs.includes("/")) return this.#loadable(this.#expand(needs, path))
    const own = runpath.length > 0 ? runpath : rpath
    for (const folder of [...own.map((entry) => this.#expand(entry, path)), ...this.#system]) {
      const found = this.#loadable(`${folder}/${needs}`)
      if (found) return found
    }
    // An application's libraries lie together. Its program, which finds them, has loaded them before they ask for each other.
    return [...(this.#named.get(needs) ?? [])].find((library) => dirname(library) === dirname(path))
  }

  /** DT_RPATH, other than DT_RUNPATH, also counts for the libraries of libraries. */
  #inherited(needs, path, seen = new Set()) {
    for (const loader of this.#loaders.get(path) ?? []) {
      if (seen.has(loader)) continue
      seen.add(loader)
      const { rpath = [], runpath = [] } = this.#elves.get(loader) ?? {}
      const folders = runpath.length > 0 ? [] : rpath.map((entry) => this.#expand(entry, loader))
      if (folders.some((folder) => this.#loadable(`${folder}/${needs}`))) return true
      if (this.#inherited(needs, loader, seen)) return true
    }
    return false
  }

  /** The real path of a library that the dynamic linker would take: one for another machine, it passes over. */
  #loadable(path) {
    const real = this.#tree.resolve(path)
    return real !== undefined && this.#elves.get(real)?.kind === this.#kind ? real : undefined
  }

  #expand(folder, path) {
    return folder
      .replaceAll(/\$(?:ORIGIN\b|\{ORIGIN\})/g, dirname(path))
      .replaceAll(/\$(?:LIB\b|\{LIB\})/g, `lib/${this.#triplet}`)
  }
}

/** The folders of ld.so.conf(5), `include` lines followed. */
function configuredFolders(tree, path) {
  const real = tree.resolve(path)
  if (real === undefined || tree.entries.get(real) !== "file") return []
  return readFileSync(tree.outside(real), "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .flatMap((line) => {
      const [, pattern] = /^include\s+(.+)$/.exec(line) ?? []
      if (pattern === undefined) return [line]
      return matching(tree, pattern.startsWith("/") ? pattern : join(dirname(path), pattern)).flatMap((file) =>
        configuredFolders(tree, file),
      )
    })
}

/** Files whose last name matches a pattern with stars. */
function matching(tree, pattern) {
  const escaped = pattern.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", "[^/]*")
  const expression = new RegExp(`^${escaped}$`)
  return [...tree.entries.keys()].filter((path) => expression.test(path)).sort()
}

function add(sets, key, value) {
  const set = sets.get(key) ?? new Set()
  sets.set(key, set.add(value))
}
