import { hashSync } from "bcryptjs"
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { writeFileAtomic } from "../state/atomic-file.js"
import type { InstanceFolder } from "../state/state-folder.js"

/** The registry has one user: whoever may read root's files. */
export const REGISTRY_USER = "runner-images"

/** 256 random bits cannot be guessed, however fast the hash is; and the registry computes it for every request. */
const COST = 4
const BYTES = 32

/** The password of an instance's registry, or undefined when none has been made. */
export function registryPassword(folder: InstanceFolder): string | undefined {
  return existsSync(folder.registryPassword) ? readFileSync(folder.registryPassword, "utf8").trim() : undefined
}

/** Creates the password, unless there is one, and writes its hash for the registry. Only root can read either file. */
export function writeRegistryPassword(folder: InstanceFolder): void {
  const password = registryPassword(folder) ?? randomBytes(BYTES).toString("base64url")
  // Without a newline: dagger call uses a file's contents as they are.
  writeFileAtomic(folder.registryPassword, password, 0o600)
  writeFileAtomic(folder.registryUsers, `${REGISTRY_USER}:${hashSync(password, COST)}\n`, 0o600)
}
