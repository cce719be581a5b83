// Finds the packages of npm, wherever programs of the image look for them: in folders named node_modules.
import { readFileSync } from "node:fs"
import { dirname } from "node:path"

const MANIFEST = /\/node_modules\/(?:@[^/]+\/)?[^/@.][^/]*\/package\.json$/

/**
 * @typedef {object} NpmPackage
 * @property {string} name
 * @property {string} version
 * @property {string} [license] as the package declares it, which need not be an identifier of SPDX
 * @property {string} path of its folder
 */

/** @param {import("./tree.mjs").Tree} tree @returns {NpmPackage[]} in the order of their paths */
export function npmPackages(tree) {
  return [...tree.entries]
    .filter(([path, kind]) => kind === "file" && MANIFEST.test(path))
    .map(([path]) => dirname(path))
    .sort()
    .flatMap((folder) => packageIn(folder, readFileSync(tree.outside(`${folder}/package.json`), "utf8")) ?? [])
}

/** Undefined for a file of that name that npm did not write: a package's own parts may have one without a name or a version. */
function packageIn(path, text) {
  const { name, version, license, licenses } = manifestIn(text)
  if (typeof name !== "string" || typeof version !== "string") return undefined
  const declared = licenseOf(license) ?? licenseOf(licenses)
  return { name, version, ...(declared === undefined ? {} : { license: declared }), path }
}

function manifestIn(text) {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

/** Long ago, a licence was an object, and several were a list from which users may choose. */
function licenseOf(declared) {
  if (Array.isArray(declared)) {
    const all = declared.map(licenseOf)
    if (all.length === 0 || all.includes(undefined)) return undefined
    return all.length === 1 ? all[0] : `(${all.join(" OR ")})`
  }
  const text = typeof declared === "object" ? declared?.type : declared
  return typeof text === "string" && text !== "" ? text : undefined
}
