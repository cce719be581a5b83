import { cpSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("..", import.meta.url))
const COPIED = ["dagger", "docker", "scripts", "src"]
const FILES = ["dagger.json", "runner-images", "package.json", "package-lock.json", "tsconfig.json"]

/** Copies what both entry points consist of. The dependencies are those of this checkout. */
export function copyCheckout(folder: string): void {
  for (const name of [...COPIED, ...FILES]) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
}

/** Replaces the versions and checksums that a checkout's catalog pins. */
export function writePins(folder: string, pins: string): void {
  writeFileSync(join(folder, "dagger/src/core/catalog/pins.yaml"), pins)
}
