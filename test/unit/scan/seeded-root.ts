import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { SHIPPED_MODES } from "../../../dagger/src/core/variants/runtime-files.js"
import { rootfsScanSchema, type RootfsScan } from "../../../dagger/src/core/checks/rootfs-scan.js"

const TRIPLET = "x86_64-linux-gnu"
const SCAN = "dagger/scripts/scan-rootfs.mjs"

/** A symbolic link in a seeded root. */
export const link = (target: string): { target: string } => ({ target })

export const FOLDER = Symbol("folder")

/** Content of a file, a link, or a folder; by its path, with a mode after a space where it matters: `/usr/bin/su 4755`. */
export type Seeds = Readonly<Record<string, string | Buffer | { target: string } | typeof FOLDER>>

/** Makes a root of these files in a temporary folder, lets scan-rootfs.mjs read it, and takes it away again. */
export function scan(
  seeds: Seeds,
  questions: readonly string[] = [],
  change: (root: string) => void = () => undefined,
): RootfsScan {
  const root = mkdtempSync(join(tmpdir(), "runner-images-scan-"))
  try {
    for (const [key, content] of Object.entries(seeds)) {
      const [path = "", mode] = key.split(" ")
      place(join(root, path), content)
      if (mode !== undefined) chmodSync(join(root, path), parseInt(mode, 8))
    }
    change(root)
    const words = [SCAN, root, "64/62", TRIPLET, SHIPPED_MODES, ...questions]
    const output = execFileSync(process.execPath, words, { encoding: "utf8" })
    return rootfsScanSchema.parse(JSON.parse(output))
  } finally {
    rmSync(root, { recursive: true })
  }
}

function place(path: string, content: Seeds[string]): void {
  mkdirSync(dirname(path), { recursive: true })
  if (content === FOLDER) mkdirSync(path, { recursive: true })
  else if (typeof content === "object" && "target" in content) symlinkSync(content.target, path)
  else writeFileSync(path, content)
}
