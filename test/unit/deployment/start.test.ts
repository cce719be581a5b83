import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { type Container, Image, STARTS_NOT, STARTS, USER } from "../runtime/entrypoint/container.js"
import { composeFiles } from "./compose-file.js"

const TOKEN = "ghp_a_token_that_nobody_sees"

const why =
  process.getuid?.() !== 0
    ? "only root can give itself away"
    : !STARTS
      ? STARTS_NOT
      : spawnSync("setpriv", ["--version"]).status !== 0
        ? "setpriv is not installed"
        : undefined

/** As Docker starts a service of the compose files: root, without privileges to come by, and with these capabilities alone. */
const [file] = composeFiles()
const capabilities = (file?.service.cap_add ?? []).map((name) => `+${name.toLowerCase()}`)
const AS_COMPOSE = ["setpriv", "--no-new-privs", `--bounding-set=-all,${capabilities.join()}`, "--inh-caps=-all"]

describe.skipIf(why !== undefined)(
  why === undefined ? "as compose starts it" : `as compose starts it (skipped: ${why})`,
  () => {
    let github: FakeGitHub
    let image: Image
    let container: Container | undefined

    beforeAll(async () => {
      github = await startFakeGitHub()
      github.accounts.addRepository("octo/example")
      github.tokens.addPersonal({ token: TOKEN })
      image = Image.create()
    })
    afterAll(async () => {
      await container?.kill()
      image.remove()
      await github.close()
    })

    it("a runner works, whose jobs can read no secret, and that is looked after and stopped", async () => {
      const secret = join(image.folder, "secret")
      writeFileSync(secret, TOKEN)
      chmodSync(secret, 0o600)
      // Somebody's on the host.
      chownSync(secret, 1000, 1000)
      container = image.start(
        {
          REPO_URL: `${github.url}/octo/example`,
          GITHUB_HOST: github.url,
          GITHUB_API_HOST: github.api,
          ACCESS_TOKEN_FILE: secret,
          RUN_AS_ROOT: "false",
        },
        { as: AS_COMPOSE },
      )
      await container.says("Listening for Jobs")
      // Docker starts the health check with the same user and capabilities.
      expect(image.run(["health"], {}, AS_COMPOSE)).toEqual({ exitCode: 0, output: "healthy: listening\n" })
      const job = github.jobs.enqueue({
        repository: "octo/example",
        steps: [
          { run: `id -u; cat ${secret} || echo "no secret"; grep -E "^(CapEff|CapPrm|NoNewPrivs)" /proc/self/status` },
        ],
      })
      await github.waitForJob(job)
      expect(job.log.replaceAll("\t", " ")).toMatch(
        new RegExp(`(^|\n)${USER}\n(cat: .*Permission denied\n)?no secret\nCapPrm: 0+\nCapEff: 0+\nNoNewPrivs: 1\n`),
      )
      expect(job.log).not.toContain(TOKEN)
      container.signal("SIGTERM")
      expect(await container.ended()).toBe(0)
      expect(container.output).not.toContain(TOKEN)
      expect(github.runners.list()).toEqual([])
    })
  },
)
