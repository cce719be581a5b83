import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { type Container, Image, STARTS, STARTS_NOT, USER } from "../entrypoint/container.js"

const TOKEN = "ghp_a_token_that_nobody_sees"
/** What no other test has. */
const SECONDS = 4711

let image: Image
let github: FakeGitHub
let container: Container | undefined

beforeEach(async () => {
  image = Image.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterEach(async () => {
  await container?.kill()
  container = undefined
  image.remove()
  await github.close()
})

const at = (path: string): string => join(image.folder, path)

async function start(environment: Record<string, string> = {}): Promise<Container> {
  container = image.start({
    REPO_URL: `${github.url}/octo/example`,
    GITHUB_HOST: github.url,
    GITHUB_API_HOST: github.api,
    ACCESS_TOKEN: TOKEN,
    RUNNER_NAME: "one",
    METRICS_ENABLED: "true",
    METRICS_PORT: "19247",
    METRICS_FILE: at("root/tmp/metrics.prom"),
    JOBS_LOG: at("root/tmp/jobs.log"),
    ...environment,
  })
  await container.says("Listening for Jobs")
  return container
}

async function done(...steps: string[]): Promise<Job> {
  const job = github.jobs.enqueue({
    repository: "octo/example",
    name: "build",
    steps: steps.map((run) => ({ run })),
  })
  return await github.waitForJob(job)
}

/** Leaves something of every kind. The runner itself ends what has its mark. */
const LEAVE = [
  "mkdir -p protected/folder && touch protected/folder/file && chmod 555 protected/folder protected",
  "mkdir -p ../../_tool/node && touch ../../_tool/node/file",
  "touch $OWN_TEMPORARY/left && mkdir $OWN_TEMPORARY/left-folder && ln -s /etc/hostname $OWN_TEMPORARY/left-link",
  `RUNNER_TRACKING_ID= setsid sleep ${SECONDS} > /dev/null 2>&1 < /dev/null & sleep 0.3`,
  `(RUNNER_TRACKING_ID= setsid bash -c 'trap "" TERM; while :; do sleep ${SECONDS}; done' > /dev/null 2>&1 < /dev/null &); sleep 0.3`,
]

function left(): Record<string, unknown> {
  return {
    work: readdirSync(at("work"))
      .filter((name) => name !== "_temp")
      .sort(),
    temporary: readdirSync(at("root/tmp")).sort(),
    processes: container?.running(`sleep ${SECONDS}`).length,
  }
}

const FILES = ["earlier", "jobs.log", "metrics.prom"]

describe.skipIf(!STARTS)(STARTS ? "between jobs" : `between jobs (skipped: ${STARTS_NOT})`, () => {
  beforeEach(() => {
    writeFileSync(at("root/tmp/earlier"), "")
    chmodSync(at("root/tmp/earlier"), 0o666)
  })

  it.each([
    [
      "off",
      {
        work: ["_tool", "example"],
        temporary: [...FILES, "left", "left-folder", "left-link"].sort(),
        processes: 3,
      },
    ],
    ["work", { work: ["_tool"], temporary: [...FILES, "left", "left-folder", "left-link"].sort(), processes: 3 }],
    ["all", { work: ["_tool"], temporary: FILES, processes: 0 }],
  ])("RUNNER_CLEAN=%s removes what it says, and the next job works", async (clean, expected) => {
    const running = await start({ RUNNER_CLEAN: clean, OWN_TEMPORARY: at("root/tmp") })
    const job = await done(...LEAVE)
    await running.says("Job build completed with result: Succeeded")
    expect(left(), job.log).toEqual(expected)
    expect(running.health()).toBe("0 healthy: listening")
    const next = await done("pwd; ls -A", "true")
    expect([next.result, next.log.includes(at("work/example/example"))]).toEqual(["Succeeded", true])
    running.signal("SIGTERM")
    expect(await running.ended()).toBe(0)
  })

  it("tells in the job's log what was removed, and what could not be, which fails no job", async () => {
    const running = await start({ RUNNER_CLEAN: "all", OWN_TEMPORARY: at("root/tmp") })
    // Root's, as a job's container makes them.
    mkdirSync(at("work/other/other/dist"), { recursive: true })
    writeFileSync(at("work/other/other/dist/file"), "")
    const { result, log } = await done(...LEAVE)
    await running.says("Job build completed with result: Succeeded")
    const lines = log.replaceAll(image.folder, "").split("\n")
    const told = lines.filter((line) => line.includes("runner-images: "))
    expect([result, ...told.map((line) => line.replace(/^.*?runner-images: /, "").replace(/\b\d{3,}\b/g, "N"))])
      .toMatchInlineSnapshot(`
      [
        "Succeeded",
        "ended 3 processes of the job: sleep (N), bash (N), sleep (N)",
        "removed 1 folder of the job from /work",
        "warning: not removed: /work/other (EACCES)",
        "removed 3 temporary files of the job",
      ]
    `)
    expect(existsSync(at("work/other/other/dist/file"))).toBe(true)
  })

  it("removes what an earlier container left when it starts", async () => {
    mkdirSync(at("work/example/example"), { recursive: true })
    if (process.getuid?.() === 0)
      for (const name of ["work/example/example", "work/example"]) chownSync(at(name), USER, USER)
    const running = await start({ RUNNER_CLEAN: "work" })
    expect(running.output).toContain("removed 1 folder of earlier jobs from")
    expect(readdirSync(at("work"))).toEqual([])
  })
})
