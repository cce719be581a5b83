import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished, vi } from "vitest"
import { clearWork, workEnvironment } from "../../src/engine/bare/artefacts/artefact.js"
import { findMarked, MARKER } from "../../src/engine/bare/host/process.js"
import { PROJECT_ROOT } from "../../src/host/paths.js"

const TOOL = join(PROJECT_ROOT, "src/engine/bare/artefacts/build-tool.ts")

/** A program that runs a tool, which starts two processes that ignore signals and outlive it if they can. */
const program = (work: string) => `
  import { runTool } from ${JSON.stringify(TOOL)}
  const stubborn = "trap '' INT TERM HUP; sleep 600"
  await runTool("sh", ["-c", \`(\${stubborn}) & echo started >&2; \${stubborn}\`], ${JSON.stringify(work)})
`

it.runIf(process.getuid?.() === 0).each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
  "leaves no process of a tool behind after %s to the command alone",
  async (signal) => {
    const work = mkdtempSync(join(tmpdir(), "build-tool-"))
    // Also ends what a failed test has left.
    onTestFinished(async () => {
      await clearWork(work)
    })
    const running = () => findMarked(workEnvironment(work)[MARKER] ?? "").length
    const args = ["--import", "tsx", "--input-type=module", "--eval", program(work)]
    const command = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: "ignore" })
    // setpriv becomes unshare; sh, its two children and their sleeps.
    await vi.waitUntil(() => running() >= 4, { timeout: 30_000 })
    command.kill(signal)
    await once(command, "exit")
    await expect.poll(running, { timeout: 2_000 }).toBe(0)
  },
)
