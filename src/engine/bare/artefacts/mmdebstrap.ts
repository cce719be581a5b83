import { runTool } from "./build-tool.js"

/**
 * Builds a root from the distribution's archive.
 *
 * @param work folder for its scratch space
 */
export async function mmdebstrap(
  args: readonly string[],
  work: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await runTool("mmdebstrap", args, work, { env })
}

/** A word of a hook, which is a shell script. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
