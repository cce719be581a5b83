import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder with programs of the runner's names, which do what a test wants. */
export interface ScriptFolder {
  readonly path: string
  /** Lines of a file that a program wrote. */
  lines(name: string): string[]
  write(name: string, text: string): void
  remove(): void
}

/** @param programs names to shell scripts, without their first line */
export function scriptFolder(programs: Readonly<Record<string, string>>): ScriptFolder {
  const path = mkdtempSync(join(tmpdir(), "runner-scripts-"))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(path, name), `#!/bin/bash\n${script}\n`)
    chmodSync(join(path, name), 0o755)
  }
  return {
    path,
    lines: (name) => readFileSync(join(path, name), "utf8").trimEnd().split("\n"),
    write: (name, text) => writeFileSync(join(path, name), text),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Keeps what a program says. */
export function keptOutput(): { output: (line: Uint8Array) => void; bytes: () => Buffer; text: () => string } {
  const lines: Uint8Array[] = []
  const bytes = (): Buffer => Buffer.concat(lines)
  return { output: (line) => void lines.push(line), bytes, text: () => bytes().toString("utf8") }
}

/** Waits until something is so, for ten seconds at most. */
export async function until(condition: () => boolean): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > 10_000) throw new Error("it did not come to be in ten seconds")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Whether a process lives, and is no zombie. */
export function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${String(pid)}/stat`, "utf8"))
  } catch {
    return false
  }
}
