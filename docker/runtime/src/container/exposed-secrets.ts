import { readdirSync } from "node:fs"
import { readUntrustedSync } from "../files/untrusted-file.js"

/** More than a process can start with: three quarters of the stack's usual limit. It can claim to have more afterwards. */
const LIMIT = 8 * 1024 * 1024

/**
 * Processes whose environment shows a secret to everything that runs as this user, and so to jobs. Nothing that this image starts does; but
 * Docker's own init process, from `docker run --init`, keeps the container's environment.
 */
export function exposingProcesses(secrets: readonly string[], proc = "/proc"): number[] {
  const known = secrets.filter((secret) => secret !== "")
  if (known.length === 0) return []
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const text = environmentOf(`${proc}/${name}/environ`)
      return known.some((secret) => text.includes(secret))
    })
    .map(Number)
}

function environmentOf(path: string): string {
  try {
    return readUntrustedSync(path, { bytes: LIMIT, part: "first" })
  } catch {
    return ""
  }
}
