// What making an image leaves behind, and nobody who uses it needs.
import { basename, dirname, join } from "node:path"

const HOME = "/(?:root|home/[^/]+)"

const LEFTOVERS = [
  // Logs, and what package managers keep to be faster next time.
  /^\/var\/log\//,
  /^\/var\/lib\/apt\/lists\//,
  /^\/var\/cache\/(?!debconf\/[^/]+\.dat$)/,
  new RegExp(`^${HOME}/\\.(?:npm|cache|bundle|cargo|gradle|m2|nuget|pip|yarn|node-gyp)/`),
  new RegExp(`^${HOME}/go/pkg/`),
  /^\/(?:tmp|var\/tmp|run)\//,
  // Former versions of files: of accounts, of dpkg's database, of changed configuration.
  /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^\/var\/lib\/dpkg\/[^/]+-old$/,
  /^\/etc\/.*\.(?:dpkg-(?:old|new|dist|tmp)|ucf-(?:old|new|dist))$/,
  // What shells and programs remember of a session.
  new RegExp(`^${HOME}/\\.(?:[a-z]+_history|wget-hsts|lesshst|viminfo|node_repl_history)$`),
]

/** @param {import("./tree.mjs").Tree} tree @returns {string[]} files by their paths; folders of their own are nobody's loss */
export function leftovers(tree) {
  const files = [...tree.entries].filter(([, kind]) => kind !== "folder").map(([path]) => path)
  return files.filter((path) => LEFTOVERS.some((pattern) => pattern.test(path)) || isOrphan(tree, path)).sort()
}

/** Compiled Python whose source is gone: `a/__pycache__/b.cpython-313.pyc` without `a/b.py`. */
function isOrphan(tree, path) {
  const folder = dirname(path)
  if (!path.endsWith(".pyc") || basename(folder) !== "__pycache__") return false
  const [module] = basename(path).split(".")
  return !tree.entries.has(join(dirname(folder), `${module}.py`))
}
