// What the distribution's packages say about files of an image: dpkg's database, and the record of the modes that packages ship.
import { createHash } from "node:crypto"
import { lstatSync, readFileSync, readlinkSync } from "node:fs"
import { basename, dirname, join } from "node:path"

const DATABASE = "/var/lib/dpkg"
const TMPFILES = "/usr/lib/tmpfiles.d"

/**
 * @typedef {object} PackagedFile what a path is, and what packages say that it should be
 * @property {import("./tree.mjs").Kind} type
 * @property {string} mode
 * @property {string} owner by name: `root:shadow`
 * @property {string} [target] of a link
 * @property {{ name: string, unchanged?: boolean }[]} packages those that have the path, and whether a file's content is the package's
 * @property {{ mode: string, owner: string }} [override] what dpkg-statoverride(1) has for it
 * @property {{ package: string, mode: string, owner: string }[]} shipped the modes in package files
 * @property {{ file: string, package: string, fields: string[] }[]} declared lines of tmpfiles.d(5) in unchanged files of packages
 */

export class Packages {
  #tree
  #record
  /** Names of users and groups by number. */
  #users
  #groups

  /**
   * @param {import("./tree.mjs").Tree} tree
   * @param {string} record the file of `MODE OWNER PACKAGE PATH` lines
   */
  constructor(tree, record) {
    this.#tree = tree
    this.#record = record
    this.#users = namesIn(this.#text("/etc/passwd"))
    this.#groups = namesIn(this.#text("/etc/group"))
  }

  /**
   * The facts about those of the paths about which packages say anything.
   *
   * @param {Iterable<string>} paths without symbolic links on the way
   * @returns {Record<string, PackagedFile>}
   */
  about(paths) {
    const declared = this.#declarations(new Set(paths))
    const all = new Set([...paths, ...declared.map(({ file }) => file)])
    const owners = this.#owners(all)
    const overrides = this.#overrides(all)
    const shipped = this.#shipped(all)
    const packagesOf = (path) =>
      (owners.get(path) ?? []).map((info) => ({ name: nameOf(info), ...this.#unchanged(path, info) }))
    const origin = (file) => packagesOf(file).find(({ unchanged }) => unchanged)?.name
    const facts = (path) => {
      const packages = packagesOf(path)
      const lines = declared
        .filter((line) => line.path === path)
        .map(({ file, fields }) => ({ file, package: origin(file), fields }))
        .filter((line) => line.package !== undefined)
      if (packages.length + lines.length === 0) return undefined
      const override = overrides.get(path)
      return {
        ...this.#state(path),
        packages,
        ...(override ? { override } : {}),
        shipped: shipped.get(path) ?? [],
        declared: lines,
      }
    }
    return Object.fromEntries([...new Set(paths)].map((path) => [path, facts(path)]).filter(([, found]) => found))
  }

  /** @param {string} path */
  #state(path) {
    const stat = lstatSync(this.#tree.outside(path))
    const type = this.#tree.entries.get(path)
    return {
      type,
      mode: (stat.mode & 0o7777).toString(8),
      owner: `${this.#users.get(stat.uid) ?? stat.uid}:${this.#groups.get(stat.gid) ?? stat.gid}`,
      ...(type === "link" ? { target: readlinkSync(this.#tree.outside(path)) } : {}),
    }
  }

  /** The packages that have a path, as dpkg's database spells them: with the architecture where several may be installed. */
  #owners(paths) {
    const owners = new Map()
    for (const [file, lines] of this.#infos("list"))
      for (const path of this.#places(lines, paths)) owners.set(path, [...(owners.get(path) ?? []), file])
    return owners
  }

  /** Whether a file's content is that of the package. Nothing about folders and links, of which dpkg keeps no checksums. */
  #unchanged(path, info) {
    if (this.#tree.entries.get(path) !== "file") return {}
    const sums = this.#lines(`${DATABASE}/info/${info}.md5sums`)
    const line = sums.find((sum) => this.#place(`/${sum.slice(34)}`) === path)
    const content = readFileSync(this.#tree.outside(path))
    return { unchanged: line !== undefined && line.slice(0, 32) === createHash("md5").update(content).digest("hex") }
  }

  #overrides(paths) {
    const overrides = new Map()
    for (const line of this.#lines(`${DATABASE}/statoverride`)) {
      const [, user, group, mode, path] = /^(\S+) (\S+) (\S+) (.+)$/.exec(line) ?? []
      const place = path === undefined ? undefined : this.#place(path)
      if (paths.has(place)) overrides.set(place, { mode: octal(mode), owner: `${user}:${group}` })
    }
    return overrides
  }

  #shipped(paths) {
    const shipped = new Map()
    for (const line of this.#lines(this.#record)) {
      const [, mode, owner, name, path] = /^(\S+) (\S+) (\S+) (.+)$/.exec(line) ?? []
      const place = path === undefined ? undefined : this.#place(path)
      if (paths.has(place))
        shipped.set(place, [...(shipped.get(place) ?? []), { package: name, mode: octal(mode), owner }])
    }
    return shipped
  }

  /** Lines of tmpfiles.d(5), without those of files that the machine's own replace, and without placeholders and patterns. */
  #declarations(paths) {
    const own = new Set(this.#names("/etc/tmpfiles.d"))
    return this.#names(TMPFILES)
      .filter((name) => name.endsWith(".conf") && !own.has(name))
      .flatMap((name) => {
        const file = join(TMPFILES, name)
        return this.#lines(file).flatMap((line) => {
          const fields = line.trim().split(/\s+/)
          const path = fields[1]
          if (line.startsWith("#") || !path?.startsWith("/") || /[%*?["\\]/.test(line.replace(fields[0], ""))) return []
          const place = this.#place(path)
          return paths.has(place) ? [{ file, path: place, fields }] : []
        })
      })
  }

  /** Those of the wanted paths that a list has. Names are compared first: most lines are about nothing that is wanted. */
  #places(lines, wanted) {
    const names = new Set([...wanted].map((path) => basename(path)))
    return lines
      .filter((line) => names.has(basename(line)))
      .map((line) => this.#place(line))
      .filter((path) => wanted.has(path))
  }

  /** Where a package's path is: packages may name folders by the links that lead to them. @param {string} path */
  #place(path) {
    const folder = this.#tree.resolve(dirname(path))
    return folder === undefined ? undefined : join(folder, basename(path))
  }

  /** @param {string} kind @returns {[string, string[]][]} the packages' files of a kind: name and lines */
  #infos(kind) {
    return this.#names(`${DATABASE}/info`)
      .filter((name) => name.endsWith(`.${kind}`))
      .map((name) => [name.slice(0, -kind.length - 1), this.#lines(`${DATABASE}/info/${name}`)])
  }

  /** The names of what is directly in a folder. */
  #names(folder) {
    const prefix = `${folder}/`
    return [...this.#tree.entries.keys()]
      .filter((path) => path.startsWith(prefix) && !path.includes("/", prefix.length))
      .map((path) => path.slice(prefix.length))
      .sort()
  }

  #lines(path) {
    return this.#text(path)
      .split("\n")
      .filter((line) => line !== "")
  }

  #text(path) {
    return this.#tree.entries.get(path) === "file" ? readFileSync(this.#tree.outside(path), "utf8") : ""
  }
}

/** @example nameOf("libc6:amd64") ⇒ "libc6" */
function nameOf(info) {
  return info.replace(/:.*/, "")
}

/** @example octal("01733") ⇒ "1733" */
function octal(mode) {
  return parseInt(mode, 8).toString(8)
}

/** The names in a file of accounts by their numbers: the first one counts. */
function namesIn(text) {
  const names = new Map()
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":")
    if (id !== undefined && !names.has(Number(id))) names.set(Number(id), name)
  }
  return names
}
