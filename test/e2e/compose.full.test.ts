import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { composeReport, type ComposeResult } from "../docker-daemon/compose-report.js"
import { ComposeProject } from "../docker-daemon/compose-project.js"
import { DockerDaemon } from "../docker-daemon/docker-daemon.js"
import { imageOf, loadImages } from "../docker-daemon/network-images.js"
import { type TestGitHub, TestNetwork } from "../docker-daemon/test-network.js"
import { stepOutput } from "../docker-daemon/step-output.js"
import { tryExample } from "../docker-daemon/other-image-try.js"
import { Gate } from "../lifecycle/gate.js"
import { readOtherImages } from "../other-images/read-other-images.js"
import { ROOT } from "./entry-points.js"
import { ensureOciTools } from "./oci-tools.js"

/** Most of a case is waiting. */
const AT_ONCE = 2

const TOKEN = "ghp_in_a_file"
const REPOSITORY = "octo/example"

/** The image as a user names it. */
const IMAGE = "standard"

const results: ComposeResult[] = []
const gate = new Gate(AT_ONCE)
let testEnv: { daemon: DockerDaemon; network: TestNetwork; images: ReadonlySet<string> } | { why: string } = {
  why: "the tests' preparation failed",
}

beforeAll(async () => {
  await ensureOciTools()
  let daemon: DockerDaemon
  try {
    daemon = await DockerDaemon.start()
  } catch (error) {
    testEnv = { why: `no Docker daemon: ${error instanceof Error ? error.message : String(error)}` }
    return
  }
  try {
    const images = await loadImages(daemon)
    const [image = IMAGE] = images
    await daemon.installCompose(image)
    testEnv = { daemon, images, network: await TestNetwork.start(daemon) }
  } catch (error) {
    await daemon.close()
    throw error
  }
})

afterAll(async () => {
  const path = process.env.RUNNER_IMAGES_COMPOSE_REPORT
  if (path !== undefined) writeFileSync(path, composeReport(results))
  if ("why" in testEnv) return
  await testEnv.network.close()
  await testEnv.daemon.close()
})

interface Case {
  readonly name: string
  readonly image?: string
  readonly harness?: ComposeResult["harness"]
  readonly skip: (why: string) => void
}

/** Runs a case where its image is, and keeps what came of it for the report. */
async function run(
  { name, image = IMAGE, harness = "docker compose", skip }: Case,
  work: (daemon: DockerDaemon, network: TestNetwork) => Promise<void>,
): Promise<void> {
  const why = "why" in testEnv ? testEnv.why : testEnv.images.has(image) ? undefined : `no image ${image}`
  if ("why" in testEnv || why !== undefined) {
    results.push({ case: name, harness, status: "skipped", why: why ?? "" })
    skip(why ?? "")
    return
  }
  const { daemon, network } = testEnv
  await gate.pass(async () => {
    const start = performance.now()
    const seconds = (): number => (performance.now() - start) / 1000
    try {
      await work(daemon, network)
      results.push({ case: name, harness, status: "passed", seconds: seconds() })
    } catch (error) {
      results.push({ case: name, harness, status: "failed", seconds: seconds() })
      throw error
    }
  })
}

/** A compose file of this project's, by its name, and which image is meant. */
interface CustomFile {
  readonly file: string
  readonly service: string
  readonly settings: Readonly<Record<string, string>>
}

const PRODUCTION: CustomFile = {
  file: "docker-compose.production.yml",
  service: "github-runner",
  settings: { RUNNER_IMAGE: IMAGE },
}

const EPHEMERAL: CustomFile = {
  file: "docker-compose.ephemeral.yml",
  service: "runner",
  settings: { RUNNER_IMAGE: IMAGE },
}

const SHOW = "google-chrome --headless --dump-dom 'data:text/html,<p>shown</p>' 2>/dev/null | grep -o '<p>.*</p>'"

/** Those of variants, with what a job there does and prints. */
const VARIANTS: readonly (CustomFile & { image: string; step: string; prints: string[] })[] = [
  {
    image: "chrome",
    file: "docker-compose.chrome.yml",
    service: "github-runner-chrome",
    settings: { RUNNER_IMAGE_CHROME: "chrome" },
    step: SHOW,
    prints: ["<p>shown</p>"],
  },
  {
    image: "chrome-go",
    file: "docker-compose.chrome-go.yml",
    service: "github-runner-chrome-go",
    settings: { RUNNER_IMAGE_CHROME_GO: "chrome-go" },
    step: `${SHOW} && printf 'package main\\nfunc main() { println("compiled") }\\n' > main.go && go run main.go 2>&1`,
    prints: ["<p>shown</p>", "compiled"],
  },
]

/** One of this project's compose files as it is, with a user's settings and a secret that only root may read. */
async function withProject(
  { daemon, network, file, service, settings }: CustomFile & { daemon: DockerDaemon; network: TestNetwork },
  work: (project: ComposeProject, testEnv: TestGitHub) => Promise<void>,
): Promise<void> {
  const testEnv = await network.github()
  testEnv.github.accounts.addRepository(REPOSITORY)
  testEnv.github.tokens.addPersonal({ token: TOKEN })
  const secret = join(daemon.folder, `secret-${service}`)
  writeFileSync(secret, `${TOKEN}\n`, { mode: 0o600 })
  const project = new ComposeProject(daemon, {
    file: join(ROOT, "docker", file),
    settings: { ...settings, GITHUB_REPOSITORY: REPOSITORY, RUNNER_SECRET: secret },
    // At the image's own interval, 30 s, turning healthy and then unhealthy would take more than two minutes.
    override: { services: { [service]: { ...testEnv.service, healthcheck: { interval: "3s" } } } },
  })
  try {
    await work(project, testEnv)
  } finally {
    await project.down()
    await testEnv.close()
  }
}

function online({ github }: TestGitHub): string[] {
  return github.runners.list().flatMap((runner) => (github.runners.isOnline(runner) ? [runner.name] : []))
}

/** Shows whatever a job may see of a secret. */
const LOOK = "id -u; env; cat /run/secrets/github 2>&1 || true"

describe("this project's compose files", () => {
  it.concurrent("production: registers, is healthy, runs a job, and leaves by stop", async ({ skip }) => {
    await run({ name: "docker-compose.production.yml", skip }, (daemon, network) =>
      withProject({ daemon, network, ...PRODUCTION }, async (project, testEnv) => {
        const { github } = testEnv
        await project.up()
        const container = await project.container()
        const health = async (): Promise<string | undefined> => (await project.state(container)).health
        expect(await health()).toBe("starting")
        await project.until("it is healthy", async () => (await health()) === "healthy")
        expect(online(testEnv)).toEqual(["docker-runner"])
        const job = github.jobs.enqueue({ repository: REPOSITORY, steps: [{ run: LOOK }] })
        await github.waitForJob(job, "completed", 60_000)
        expect(job.result, job.log).toBe("Succeeded")
        expect(job.log).toMatch(/^1001$/m)
        expect(job.log).toMatch(/Permission denied/)
        expect(job.log).not.toContain(TOKEN)

        // Scripts that hang, so that nobody but the health check can tell that the listener is dead.
        const inside = (command: string): Promise<string> =>
          daemon.done("exec", "--user", "0", container, "bash", "-c", command)
        const scripts = "$(pgrep -f '/run(-helper)?[.]sh')"
        await inside(`kill -STOP ${scripts}; kill -KILL $(pgrep -f bin/Runner[.]Listener)`)
        await project.until("it is unhealthy", async () => (await health()) === "unhealthy", 40)
        await inside(`kill -CONT ${scripts}`)
        // restart: unless-stopped
        await project.until("it is healthy again", async () => (await health()) === "healthy")
        expect(online(testEnv)).toEqual(["docker-runner"])

        await project.done("stop")
        expect(await project.state(container)).toMatchObject({ status: "exited", exitCode: 0 })
        expect(github.runners.list()).toEqual([])
        expect(await project.logs()).not.toContain(TOKEN)
      }),
    )
  })

  it.concurrent("ephemeral: each job has a runner of its own, and a new one comes", async ({ skip }) => {
    await run({ name: "docker-compose.ephemeral.yml", skip }, (daemon, network) =>
      withProject({ daemon, network, ...EPHEMERAL }, async (project, testEnv) => {
        const { github } = testEnv
        await project.up("--scale", "runner=2")
        await project.until("both are online", () => online(testEnv).length === 2)
        const first = online(testEnv)
        const run = "touch ~/left /home/runner/_work/left /tmp/left; ls -A ~ /home/runner/_work /tmp | grep -c left"
        const jobs = [1, 2, 3].map((number) =>
          github.jobs.enqueue({ repository: REPOSITORY, name: `job ${String(number)}`, steps: [{ run }] }),
        )
        for (const job of jobs) await github.waitForJob(job, "completed", 90_000)
        expect(jobs.map(({ result }) => result)).toEqual(["Succeeded", "Succeeded", "Succeeded"])
        expect(jobs.map(stepOutput)).toEqual([["3"], ["3"], ["3"]])
        expect(new Set(jobs.map(({ runner }) => runner?.name)).size).toBe(3)
        await project.until("two new ones are online", () => online(testEnv).length === 2)
        expect(online(testEnv).filter((name) => first.includes(name))).toEqual([])
        const containers = await project.containers()
        await project.until("they are healthy", async () =>
          (await Promise.all(containers.map((container) => project.state(container)))).every(
            ({ health }) => health === "healthy",
          ),
        )

        await project.done("stop")
        for (const container of containers)
          expect(await project.state(container)).toMatchObject({ status: "exited", exitCode: 0 })
        expect(github.runners.list()).toEqual([])
      }),
    )
  })
})

describe("this project's compose files for variants", () => {
  it.concurrent.for(VARIANTS.map((variant) => [variant.image, variant] as const))(
    "%s: registers by its name, is healthy, does a job with its tools, and leaves by stop",
    async ([, { image, step, prints, ...own }], { skip }) => {
      await run({ name: own.file, image, skip }, (daemon, network) =>
        withProject({ daemon, network, ...own }, async (project, testEnv) => {
          const { github } = testEnv
          await project.up()
          const container = await project.container()
          await project.untilRunning("it is healthy", async () => (await project.state(container)).health === "healthy")
          expect(online(testEnv)).toEqual([`${image}-runner`])
          expect(github.runners.list()[0]?.labels.map(({ name }) => name)).toContain(image)
          const job = github.jobs.enqueue({ repository: REPOSITORY, steps: [{ run: step }] })
          await github.waitForJob(job, "completed", 120_000)
          expect(job.result, job.log).toBe("Succeeded")
          expect(stepOutput(job)).toEqual(prints)
          await project.done("stop")
          expect(await project.state(container)).toMatchObject({ status: "exited", exitCode: 0 })
          expect(github.runners.list()).toEqual([])
        }),
      )
    },
  )
})

describe("docker run", () => {
  it.concurrent("--version tells what is in the image", async ({ skip }) => {
    await run({ name: "docker run IMAGE --version", harness: "docker run", skip }, async (daemon) => {
      const told = await daemon.done("run", "--rm", IMAGE, "--version")
      const [runner, ...lines] = told.split("\n").map((line) => line.split(/\s+/, 1)[0])
      expect(runner).toBe("runner")
      expect(lines.slice(0, 4)).toEqual(["variant", "platform", "image", "base"])
      expect(lines).toEqual(expect.arrayContaining(["compose", "docker", "gh", "node"]))
    })
  })

  it.concurrent.for([
    [
      "docker run --read-only --tmpfs /tmp:exec --cap-drop ALL",
      ["--read-only", "--tmpfs", "/tmp:exec", "--cap-drop", "ALL"],
      "1001",
    ],
    ["docker run --user 12345:0", ["--user", "12345:0"], "12345"],
  ] as const)("%s", async ([name, options, user], { skip }) => {
    await run({ name, harness: "docker run", skip }, async (daemon, network) => {
      const testEnv = await network.github()
      const { github, service } = testEnv
      github.accounts.addRepository(REPOSITORY)
      github.tokens.addPersonal({ token: TOKEN })
      const job = github.jobs.enqueue({ repository: REPOSITORY, steps: [{ run: "id -u; env" }] })
      const environment = { ...service.environment, GITHUB_REPOSITORY: REPOSITORY, ACCESS_TOKEN: TOKEN, EPHEMERAL: "1" }
      try {
        const { exitCode, stdout, stderr } = await daemon.docker(
          "run",
          "--rm",
          ...options,
          ...service.extra_hosts.flatMap((host) => ["--add-host", host]),
          ...service.volumes.flatMap((volume) => ["--volume", volume]),
          ...Object.entries(environment).flatMap(([variable, value]) => ["--env", `${variable}=${value}`]),
          IMAGE,
        )
        expect(exitCode, stdout + stderr).toBe(0)
        expect(job.result, job.log).toBe("Succeeded")
        expect(stepOutput(job)[0]).toBe(user)
        expect(job.log).not.toContain(TOKEN)
        expect(github.runners.list()).toEqual([])
      } finally {
        await testEnv.close()
      }
    })
  })
})

describe.each(readOtherImages())(
  "the usage of $otherImage, unchanged but for the image",
  ({ otherImage, examples }) => {
    it.concurrent.for(examples.filter(({ run }) => run).map((example) => [example.name, example] as const))(
      "%s",
      async ([, example], { skip }) => {
        const name = `${otherImage}: ${example.name} (${example.file})`
        await run({ name, image: imageOf(example), skip }, (daemon, network) => tryExample(daemon, network, example))
      },
    )
  },
)
