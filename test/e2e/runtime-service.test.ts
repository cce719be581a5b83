import { connection, type Container } from "@dagger.io/dagger"
import { build } from "esbuild"
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { PLATFORMS, type PlatformName } from "../../dagger/src/core/platforms.js"
import { buildContainer } from "../../dagger/src/pipeline/build.js"
import { Progress } from "../../dagger/src/core/progress/progress.js"
import { caBundle } from "../../src/input/host-files.js"
import { inputsOf } from "../../src/runs/inputs.js"
import { ROOT } from "./entry-points.js"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"

const PORT = 8080
const TOKEN = "ghp_of_the_service"
const REPOSITORY = "octo/example"

/** The fake GitHub as one file that needs nothing but Node.js. */
async function fakeGitHub(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [join("test", "fake-github", "main.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    write: false,
    // Packages in CommonJS require Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  })
  return outputFiles[0]?.text ?? ""
}

function image(platform: PlatformName): Promise<Container> {
  const bundle = caBundle(undefined)
  const request: BuildRequest = {
    platforms: [platform],
    variants: ["standard"],
    sources: "registry",
    sudo: false,
    refresh: false,
  }
  return buildContainer(request, inputsOf(bundle === undefined ? {} : { caBundle: bundle }), new Progress())
}

/** A job is waiting; the container takes it and leaves. Then what the service knows of both is printed. */
const SCRIPT = `
set -eu
ask() { curl -fsS --retry 20 --retry-connrefused --retry-delay 1 -H 'content-type: application/json' "$@"; }
ask -d '{"repository":"${REPOSITORY}","name":"greet","labels":["self-hosted"],"steps":[{"run":"echo hello from $(uname -m); env"}]}' http://github:${PORT}/_fake/jobs > /tmp/enqueued
/entrypoint.sh
echo "ended with $?"
ask http://github:${PORT}/_fake/jobs > /tmp/jobs.json
ask http://github:${PORT}/_fake/runners > /tmp/runners.json
`

describe.each(PLATFORMS)("the built image on %s, beside a GitHub that is a Dagger service", (platform) => {
  it("registers, runs one job, sees no secret and leaves", async () => {
    const fake = await fakeGitHub()
    let told = { output: "", jobs: "", runners: "" }
    await connection(async () => {
      const github = (await image(PLATFORMS[0] ?? platform))
        .withoutEntrypoint()
        .withNewFile("/tmp/fake-github.mjs", fake)
        .withExposedPort(PORT)
        .asService({
          args: [
            ...["/usr/local/bin/node", "/tmp/fake-github.mjs", "--host", "0.0.0.0", "--port", String(PORT)],
            ...["--repository", REPOSITORY, "--token", TOKEN],
          ],
        })
      const run = (await image(platform))
        .withServiceBinding("github", github)
        // Every run is a new one.
        .withEnvVariable("TEST_RUN", randomUUID())
        .withEnvVariable("GITHUB_HOST", `http://github:${String(PORT)}`)
        .withEnvVariable("GITHUB_REPOSITORY", REPOSITORY)
        .withEnvVariable("ACCESS_TOKEN", TOKEN)
        .withEnvVariable("RUNNER_EPHEMERAL", "true")
        .withExec(["bash", "-c", SCRIPT])
      told = {
        output: await run.stdout(),
        jobs: await run.file("/tmp/jobs.json").contents(),
        runners: await run.file("/tmp/runners.json").contents(),
      }
    })
    expect(told.output).toContain("Listening for Jobs")
    expect(told.output).toContain("Job greet completed with result: Succeeded")
    expect(told.output).toContain("ended with 0")
    expect(told.jobs).toContain("hello from")
    expect(told.jobs).not.toContain(TOKEN)
    expect(JSON.parse(told.runners)).toEqual([])
  })
})
