import type { Directory } from "@dagger.io/dagger"
import { archNeutral } from "../../core/parity/arch-neutral.js"
import type { PlatformName } from "../../core/platforms.js"
import type { VariantFile } from "../../core/variants/definitions.js"
import { SHIPPED_MODES } from "../../core/variants/runtime-files.js"
import type { EngineHost } from "../engine/engine-host.js"

const PROGRAM = "shipped-modes.py"

/**
 * The file that tells the checks with which special modes package files ship their files and folders. Read natively from the package files,
 * so that whatever happened after they were unpacked is not in it.
 */
export async function shippedModesFile(
  { toolboxWith }: EngineHost,
  debs: Directory,
  platform: PlatformName,
): Promise<VariantFile> {
  const output = await toolboxWith(PROGRAM)
    .withMountedDirectory("/debs", debs)
    .withExec(["python3", `/plan/${PROGRAM}`, "/debs"])
    .stdout()
  const key = (line: string) => archNeutral(line, platform)
  const lines = output
    .split("\n")
    .filter((line) => line !== "")
    // In an order that does not depend on the platform's name.
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
  return { path: SHIPPED_MODES, mode: "0644", text: lines.map((line) => `${line}\n`).join("") }
}
