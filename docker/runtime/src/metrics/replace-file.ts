import { rename, rm, writeFile } from "node:fs/promises"

/**
 * Replaces a file in one step, so that whoever reads it finds the old text or the new one, never half of one.
 *
 * @throws the file system's error, with nothing left behind
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.tmp`
  // What a killed container left there, and no link that somebody else put there.
  await rm(next, { force: true })
  await writeFile(next, text, { flag: "wx", mode: 0o644 })
  try {
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true })
    throw error
  }
}
