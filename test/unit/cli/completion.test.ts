import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { describe, expect, it } from "vitest"
import { COMPLETING } from "../../../src/commands/completion.js"
import { runCommandLine } from "../../../src/commands/parser.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { temporaryFolder } from "../temporary-folder.js"
import { commandLine } from "./command-line.js"

/** The completions of a line whose last word is incomplete, or empty. */
async function complete(line: string): Promise<string> {
  const terminal = new PlainTerminal(new PassThrough())
  let text = ""
  const answer = (output: string): void => {
    text = output
  }
  const words = [COMPLETING, "./runner-images", ...line.split(" ")]
  await runCommandLine(words, { terminal, interrupts: new Interrupts(() => undefined), answer })
  terminal.close()
  return text.replaceAll("\n", " ")
}

describe("the shell completes", () => {
  it.each([
    ["pl", "plan"],
    ["engine ", "up down status logs prune image"],
    ["catalog o", "outdated"],
    ["catalog update ru", "runner"],
    ["build --plat", "--platforms"],
    ["engine up --reg", "--registry-port"],
    ["engine logs --f", "--follow"],
    ["build --platforms ", "linux/amd64 linux/arm64"],
    ["build --variants chrome", "chrome chrome-go"],
    ["sbom --format c", "cyclonedx"],
    ["build --archive --arch", ""],
    ["--ver", "--version"],
    ["diff dist/", ""],
    ["biuld ", ""],
  ])("%j", async (line, expected) => {
    expect(await complete(line)).toBe(expected)
  })

  it("in bash, by the script that the program prints, wherever the program is", async () => {
    const { stdout: script } = await commandLine(["completion"], { SHELL: "/bin/bash" })
    // A program in its place: the words that bash asks it with.
    const folder = temporaryFolder("completion")
    mkdirSync(join(folder, "bin"))
    const program = join(folder, "bin/runner-images")
    writeFileSync(program, `#!/bin/sh\necho "$*" >> ${folder}/asked\nprintf 'plan\\npublish\\n'\n`)
    chmodSync(program, 0o755)
    const line = `${script.replaceAll("<root>/runner-images", program)}
      COMP_WORDS=(./runner-images pl); COMP_CWORD=1
      _runner-images_yargs_completions; echo "\${COMPREPLY[@]}"; cat ${folder}/asked; complete -p runner-images`
    expect(script).toContain("<root>/runner-images")
    expect(execFileSync("bash", ["-c", line], { encoding: "utf8" })).toBe(
      `plan\n${COMPLETING} ./runner-images pl\ncomplete -o bashdefault -o default -F _runner-images_yargs_completions runner-images\n`,
    )
  })
})
