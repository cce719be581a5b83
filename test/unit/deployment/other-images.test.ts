import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it, vi } from "vitest"
import { DEFINITIONS } from "../../../dagger/src/core/variants/definitions.js"
import { PLATFORMS, spelling } from "../../../dagger/src/core/platforms.js"
import { HEALTH_COMMAND, RUNTIME_FOLDER } from "../../../dagger/src/core/variants/runtime-files.js"
import { readCommandLine } from "../../../docker/runtime/src/command-line.js"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import { type Example, readOtherImages } from "../../other-images/read-other-images.js"
import { hostWith } from "../../runtime/configuration/host.js"
import { RUNNER_FOLDERS } from "../../../dagger/src/core/variants/runner-user.js"

const LABELS = PLATFORMS.map((platform) => spelling(platform).vendor)
const OTHER_IMAGES = readOtherImages()
const PROGRAM = `${RUNTIME_FOLDER}/runtime.mjs`

function read({ environment, variant, root }: Example, architectureLabel: string) {
  const foreignArchitectureLabels = LABELS.filter((label) => label !== architectureLabel)
  const host = { ...hostWith({}, { variant, architectureLabel, foreignArchitectureLabels }), uid: root ? 0 : 1001 }
  return readConfiguration(environment, host)
}

/** As the facts are written down. */
function outcomeOf(example: Example, architectureLabel: string) {
  const { configuration, jobEnvironment, warnings } = read(example, architectureLabel)
  const { target, authentication, name, labels, group, workFolder, ephemeral, replace, disableUpdate } = configuration
  const given = Object.keys(example.environment)
  return {
    ...(target && { target: target.url }),
    authentication: authentication.kind,
    name: name.replace("r4nd0m", "RANDOM").replace("c0ffee123456", "HOSTNAME"),
    labels: labels.map((label) => (label === architectureLabel ? "ARCHITECTURE" : label)),
    ...(group !== undefined && { group }),
    workFolder: workFolder.replace("r4nd0m", "RANDOM").replace("c0ffee123456", "HOSTNAME"),
    ephemeral,
    replace,
    disableUpdate,
    ...(configuration.runAsRoot !== undefined && { runAsRoot: configuration.runAsRoot }),
    waitForDockerSeconds: configuration.waitForDockerSeconds,
    metricsPort: configuration.metrics.port,
    hiddenFromJobs: example.resolves?.hiddenFromJobs.filter(
      (variable) => given.includes(variable) && !(variable in jobEnvironment),
    ),
    warnings: warnings
      .filter((line) => !/label \S+ is ignored|is used and|would need RUNNER_SCOPE/.test(line))
      .map((line) => line.split(" ")[0]),
  }
}

it("knows the images that people come from", () => {
  expect(OTHER_IMAGES.map(({ otherImage, examples }) => `${otherImage}: ${examples.length}`)).toMatchInlineSnapshot(`
    [
      "actions/actions-runner-controller: 8",
      "GrammaTonic/github-runner: 9",
      "myoung34/docker-github-actions-runner: 15",
      "SanderKnape/github-runner: 5",
      "tcardonne/docker-github-runner: 3",
    ]
  `)
})

describe.each(OTHER_IMAGES)("$otherImage", ({ examples }) => {
  describe.each(LABELS)("on %s", (label) => {
    it.each(examples.filter(({ resolves }) => resolves))("$name", (example) => {
      const { runAsRoot, ...resolves } = example.resolves ?? {}
      // What the image starts as decides; saying so changes nothing.
      const said = runAsRoot === undefined ? {} : { runAsRoot }
      expect(outcomeOf(example, label)).toEqual({ ...resolves, ...said })
    })
  })

  const refused = examples.filter(({ issues }) => issues)
  it.skipIf(refused.length === 0)("what is refused names the variable", () => {
    const told = refused.map((example) => {
      try {
        read(example, "x64")
        return "nothing"
      } catch (error) {
        if (!(error instanceof RuntimeFailure)) throw error
        const names = example.issues?.filter((name) => error.message.includes(`${name} `))
        return `${error.code} ${error.exitCode} ${names?.join() ?? ""}`
      }
    })
    expect(told).toEqual(refused.map(({ issues }) => `CONFIGURATION 10 ${issues?.join() ?? ""}`))
  })

  it("starts as it did: its arguments run the runner, its volumes belong to the user, its health check has its program", () => {
    for (const { command, volumes, healthcheck } of examples) {
      expect(readCommandLine(command).name).toBe("run")
      // A volume over a folder that the image does not have would be root's. /tmp is everybody's.
      expect(
        volumes.filter((path) => path !== "/tmp" && !(RUNNER_FOLDERS as readonly string[]).includes(path)),
      ).toEqual([])
      if (healthcheck?.[0] === "pgrep") expect(DEFINITIONS.standard.packages).toContain("procps")
    }
  })
})

describe.skipIf(spawnSync("pgrep", ["--version"]).status !== 0)("a health check by pgrep", () => {
  const checks = OTHER_IMAGES.flatMap(({ examples }) =>
    examples.flatMap(({ healthcheck }) => (healthcheck ? [healthcheck] : [])),
  )

  it.each([...new Set(checks.map((check) => check.join(" ")))])(
    "%s finds the listener, and nothing that outlives it",
    async (check) => {
      const [program = "", ...args] = check.split(" ")
      const listener = start("/home/runner/bin/Runner.Listener", ["run"])
      // A listener in a copy of the runner's folder, as with a read-only root file system.
      const copied = start("/tmp/runner-1001/bin/Runner.Listener", ["run", "--startuptype", "service"])
      const others = [
        start("/usr/bin/tini", ["-s", "--", "/usr/local/bin/node", PROGRAM]),
        start("/usr/local/bin/node", ["--jitless", PROGRAM]),
        start("/bin/bash", ["/home/runner/run.sh"]),
        start(HEALTH_COMMAND[0] ?? "", HEALTH_COMMAND.slice(1)),
      ]
      const all = [listener, copied, ...others]
      try {
        await Promise.all(all.map((child) => once(child, "spawn")))
        const found = () => spawnSync(program, args, { encoding: "utf8" }).stdout.split("\n").map(Number)
        await vi.waitFor(() =>
          expect(all.map(({ pid = 0 }) => found().includes(pid))).toEqual([true, true, false, false, false, false]),
        )
      } finally {
        for (const child of all) child.kill("SIGKILL")
      }
    },
  )
})

/** A process that is called so and does nothing. */
function start(name: string, args: readonly string[]): ChildProcess {
  const code = "setTimeout(() => {}, 30_000)"
  return spawn(process.execPath, ["--eval", code, "--", ...args], { argv0: name, stdio: "ignore" })
}
