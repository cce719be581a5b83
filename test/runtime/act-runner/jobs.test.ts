import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { ActRunnerHome, timeless } from "./act-runner-home.js"

let home: ActRunnerHome
let github: FakeGitHub

beforeEach(async () => {
  home = await ActRunnerHome.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
}, 15 * 60_000)
afterEach(async () => {
  await home.remove()
  await github.close()
})

type NewJob = Parameters<FakeGitHub["jobs"]["enqueue"]>[0]

const job = (steps: NewJob["steps"], more: Partial<NewJob> = {}): Job =>
  github.jobs.enqueue({ repository: "octo/example", steps, ...more })

async function done(one: Job): Promise<Job> {
  try {
    return await github.waitForJob(one)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await home.diagnostics()}`, { cause: error })
  }
}

describe.each([true, false])("a runner (flow V2: %s)", (useV2Flow) => {
  beforeEach(async () => {
    github.settings.useV2Flow = useV2Flow
    expect(await home.configure(github)).toMatchObject({ exitCode: 0, stderr: "" })
  })

  it("takes jobs, one after the other, until it is stopped", async () => {
    const jobs = [job([{ run: "echo hello" }], { name: "first" }), job([{ run: "exit 3" }], { name: "second" })]
    const runner = home.start("bin/Runner.Listener", ["run"])
    for (const one of jobs) await done(one)
    expect(jobs.map(({ result, stepResults }) => [result, stepResults])).toMatchInlineSnapshot()
    expect(jobs[0]?.log).toContain("\nhello\n")
    runner.signal("SIGTERM")
    const { exitCode, stdout, stderr } = await runner.ended
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
    expect(timeless(stdout)).toMatchInlineSnapshot()
  })
})
