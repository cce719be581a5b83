import { existsSync, readdirSync, rmdirSync } from "node:fs"
import { join } from "node:path"

const ROOT = "/sys/fs/cgroup"

/** Removes an instance's control groups, in every hierarchy. The kernel refuses to remove one with a process in it. */
export function removeCgroups(name: string): void {
  const hierarchies = existsSync(join(ROOT, "cgroup.controllers"))
    ? [ROOT]
    : readdirSync(ROOT).map((hierarchy) => join(ROOT, hierarchy))
  for (const hierarchy of hierarchies) removeTree(join(hierarchy, name))
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name))
  try {
    rmdirSync(folder)
  } catch {
    // Still in use for a moment; the caller tries again.
  }
}

export function hasCgroups(name: string): boolean {
  if (existsSync(join(ROOT, name))) return true
  return existsSync(ROOT) && readdirSync(ROOT).some((hierarchy) => existsSync(join(ROOT, hierarchy, name)))
}
