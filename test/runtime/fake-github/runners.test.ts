import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Target } from "../../fake-github/accounts.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Runner } from "../../fake-github/runners.js"
import { administrate, ask } from "./client.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const authorization = "Bearer ghp_valid"
const { publicKey } = rsaKeyPair(1024)

let github: FakeGitHub
let repository: Target

beforeEach(async () => {
  github = await startFakeGitHub()
  repository = github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: "ghp_valid" })
})
afterEach(() => github.close())

function addRunner(name: string, labels = ["self-hosted", "Linux"], target = repository): Runner {
  return github.runners.add({
    target,
    name,
    group: 1,
    labels: labels.map((label) => ({ name: label, system: true })),
    version: "2.338.0",
    ephemeral: false,
    updatesDisabled: false,
    justInTime: false,
    publicKey,
  })
}

describe("the list of runners", () => {
  it("describes each", async () => {
    addRunner("one")
    const { status, body } = await ask(github, "GET", "/repos/octo/example/actions/runners", { authorization })
    expect(status).toBe(200)
    expect(body).toEqual({
      total_count: 1,
      runners: [
        {
          id: 1,
          runner_group_id: 1,
          name: "one",
          os: "linux",
          status: "offline",
          busy: false,
          ephemeral: false,
          labels: [
            { id: 1, name: "self-hosted", type: "read-only" },
            { id: 2, name: "Linux", type: "read-only" },
          ],
          version: "2.338.0",
        },
      ],
    })
  })

  it("has those of exactly this target", async () => {
    addRunner("for-repository")
    const organization = github.accounts.find("orgs/octo")
    if (organization) addRunner("for-organization", [], organization)
    const { body } = await ask(github, "GET", "/orgs/octo/actions/runners", { authorization })
    expect((body as { runners: Runner[] }).runners.map(({ name }) => name)).toEqual(["for-organization"])
  })

  it("finds by name", async () => {
    for (const name of ["one", "two", "one-more"]) addRunner(name)
    const { body } = await ask(github, "GET", "/repos/octo/example/actions/runners?name=one", { authorization })
    expect((body as { runners: Runner[] }).runners.map(({ name }) => name)).toEqual(["one"])
  })

  it("has pages, with links to the others", async () => {
    for (let number = 1; number <= 5; number++) addRunner(`runner-${String(number)}`)
    const { body, headers } = await ask(github, "GET", "/repos/octo/example/actions/runners?per_page=2&page=2", {
      authorization,
    })
    const { total_count: total, runners } = body as { total_count: number; runners: Runner[] }
    expect([total, runners.map(({ name }) => name)]).toEqual([5, ["runner-3", "runner-4"]])
    const url = `${github.api}/repos/octo/example/actions/runners?per_page=2&page=`
    expect(headers.get("link")).toBe(
      `<${url}1>; rel="prev", <${url}1>; rel="first", <${url}3>; rel="next", <${url}3>; rel="last"`,
    )
  })
})

describe("one runner", () => {
  it("can be looked at and removed", async () => {
    const { id } = addRunner("one")
    const path = `/repos/octo/example/actions/runners/${String(id)}`
    expect((await ask(github, "GET", path, { authorization })).status).toBe(200)
    expect(await ask(github, "DELETE", path, { authorization })).toMatchObject({ status: 204, body: undefined })
    expect((await ask(github, "GET", path, { authorization })).status).toBe(404)
    expect((await ask(github, "DELETE", path, { authorization })).status).toBe(404)
  })

  it("stays while it has a job", async () => {
    const runner = addRunner("one")
    github.runners.openSession(runner, "host (PID: 1)")
    github.jobs.enqueue({ repository: "octo/example" })
    github.jobs.assign(runner)
    const { status, body } = await ask(github, "DELETE", `/repos/octo/example/actions/runners/${String(runner.id)}`, {
      authorization,
    })
    expect([status, (body as { message: string }).message]).toEqual([
      422,
      'Bad request - Runner "one" is currently running a job and cannot be deleted.',
    ])
  })

  it("is offline, and its job abandoned, when it was silent for too long", async () => {
    const runner = addRunner("one")
    const job = github.jobs.enqueue({ repository: "octo/example" })
    github.runners.openSession(runner, "host (PID: 1)")
    github.jobs.assign(runner)
    const path = `/repos/octo/example/actions/runners/${String(runner.id)}`
    expect((await ask(github, "GET", path, { authorization })).body).toMatchObject({ status: "online", busy: true })
    github.clock.ahead = 61
    expect((await ask(github, "GET", path, { authorization })).body).toMatchObject({ status: "offline", busy: false })
    expect(job.result).toBe("Abandoned")
  })
})

it("lists applications and groups", async () => {
  github.accounts.addGroup(repository, "team")
  const applications = await ask(github, "GET", "/repos/octo/example/actions/runners/downloads", { authorization })
  expect((applications.body as { filename: string }[]).map(({ filename }) => filename)).toEqual([
    "actions-runner-linux-x64-2.338.0.tar.gz",
    "actions-runner-linux-arm64-2.338.0.tar.gz",
  ])
  const groups = await ask(github, "GET", "/repos/octo/example/actions/runner-groups", { authorization })
  expect(groups.body).toMatchObject({
    runner_groups: [
      { name: "Default", default: true },
      { name: "team", default: false },
    ],
  })
})

describe("jobs", () => {
  it.each([
    ["the labels of the runner", ["self-hosted", "linux"], "octo/example", true],
    ["a label that the runner lacks", ["self-hosted", "gpu"], "octo/example", false],
    ["another repository", ["self-hosted"], "octo/other", false],
  ])("that ask for %s", (_case, labels, name, given) => {
    const runner = addRunner("one")
    github.jobs.enqueue({ repository: name, labels })
    expect(github.jobs.assign(runner) !== undefined).toBe(given)
  })

  it("of an organisation's repositories are for its runners, and for an enterprise's", () => {
    const targets = [
      github.accounts.addOrganization("octo"),
      github.accounts.addEnterprise("all"),
      github.accounts.addEnterprise("octo-inc", ["OCTO"]),
      github.accounts.addEnterprise("other-inc", ["other"]),
    ]
    expect(targets.map((target) => github.accounts.serves(target, "octo/example"))).toEqual([true, true, true, false])
  })

  it("are cancelled at once while they wait", async () => {
    const queued = await administrate(github, "POST", "/jobs", { repository: "octo/example", name: "waiting" })
    expect(queued).toMatchObject({ id: 1, status: "queued" })
    await administrate(github, "POST", "/jobs/1/cancel")
    expect(await administrate(github, "GET", "/jobs/1?wait=5")).toMatchObject({
      status: "completed",
      result: "Canceled",
    })
  })
})
