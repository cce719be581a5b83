import { execa } from "execa"
import { mkdir, readdir } from "node:fs/promises"
import { join } from "node:path"

/**
 * Fetches packages of this Debian and unpacks them into a folder. Nothing is installed: no service starts, and nobody else finds the programs.
 *
 * @returns where their programs are, for PATH
 * @throws {Error} where there is no apt, or no such package
 */
export async function unpackDebianPackages(folder: string, names: readonly string[]): Promise<string[]> {
  const files = join(folder, "files")
  await mkdir(files, { recursive: true })
  const download = () => execa("apt-get", ["download", "-qq", ...names], { cwd: files })
  await download().catch(async () => {
    await execa("apt-get", ["update", "-qq"])
    await download()
  })
  for (const file of await readdir(files)) await execa("dpkg", ["-x", join(files, file), folder])
  return [join(folder, "usr/bin"), join(folder, "usr/sbin")]
}
