import { execa } from "execa"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"
import { stateFolder } from "../../src/host/paths.js"
import { answer, commandLine, readReport, ROOT, type Ended } from "./entry-points.js"

const HOUR = 60 * 60_000
const work = mkdtempSync(join(tmpdir(), "runner-images-cold-"))
const output = join(work, "dist")
/** No engine from outside: each of the two finds its own. */
const env = (more: Record<string, string>) => ({
  _EXPERIMENTAL_DAGGER_RUNNER_HOST: "",
  _EXPERIMENTAL_DAGGER_CLI_BIN: "",
  ...more,
})
const first = commandLine.with(env({ RUNNER_IMAGES_INSTANCE: "cold-1" }))

/** What a machine may have differently: its name, its time zone, its processors, the umask, and where the engine keeps its state. */
const state = join(work, "state")
const elsewhere = (command: string, ...words: readonly string[]): Promise<Ended> =>
  run(
    ["unshare", "--uts", "taskset", "--cpu-list", "0", "sh", "-ec", `hostname elsewhere; umask 077; ${command}`, "sh"],
    words,
  )
async function run(prefix: readonly string[], words: readonly string[]): Promise<Ended> {
  const [program = "", ...first] = prefix
  const { command, exitCode, stdout, stderr } = await execa(program, [...first, ...words], {
    cwd: ROOT,
    reject: false,
    stdin: "ignore",
    env: env({
      XDG_CACHE_HOME: state,
      RUNNER_IMAGES_INSTANCE: "cold-2",
      RUNNER_IMAGES_REGISTRY_PORT: "5077",
      TZ: "Asia/Kathmandu",
      NO_COLOR: "1",
    }),
  })
  return { command, exitCode, stdout, stderr }
}

describe("two engines that have never built anything", () => {
  beforeAll(async () => {
    // What engines consist of is compiled once; what they built is what must not be shared.
    const [from, to] = [join(stateFolder(), "engine"), join(state, "runner-images", "engine")]
    mkdirSync(to, { recursive: true })
    if (existsSync(from))
      for (const name of readdirSync(from).filter((entry) => !["instances", "lock", "lock.json"].includes(entry)))
        cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
    answer(await first("build", "--sources", "registry", "--variants", "all", "--output", output))
    answer(await first("engine", "down"))
    // What it built of three variants, 25 GB, beside which the other engine's may not fit.
    answer(await first("engine", "prune"))
  }, 3 * HOUR)

  afterAll(async () => {
    await first("engine", "down")
    await first("engine", "prune")
    await elsewhere('./runner-images engine down "$@"')
    rmSync(work, { recursive: true, force: true })
  })

  it.each(VARIANTS)(
    "make the same images of %s, one by each entry point, under different conditions",
    async (variant) => {
      const layout = join(output, variant)
      const { index, platforms } = readReport(layout)
      const expected = [
        `${variant}: reproduced, ${index ?? ""}`,
        ...platforms.map(({ platform, digest }) => `  ${platform}: ${digest ?? ""}`),
      ]
      expect(platforms).toHaveLength(2)
      const call = 'eval "$(./runner-images engine up)"; exec "$_EXPERIMENTAL_DAGGER_CLI_BIN" call reproduce "$@"'
      expect(
        answer(await elsewhere(call, "--original", layout))
          .trim()
          .split("\n"),
      ).toEqual(expected)
    },
    HOUR,
  )
})
