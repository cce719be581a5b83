import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { goBuildCache } from "../../dagger/src/core/checks/go-build-cache.js"
import { HELPERS } from "../../dagger/src/core/checks/check.js"
import { execChecks } from "../../dagger/src/core/checks/suite.js"
import { planVariant, plannedTool } from "../../dagger/src/core/plan/plan.js"
import { spelling } from "../../dagger/src/core/platforms.js"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"
import { withGoBuildCache } from "../../dagger/src/pipeline/checks/go-build-cache.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { scriptsIn } from "../../dagger/src/pipeline/engine/script.js"
import { goToolchain } from "../../dagger/src/pipeline/image/go-toolchain.js"
import { installPackages, nativeToolsOf } from "../../dagger/src/pipeline/packages/packages.js"
import { caBundle } from "../../src/input/host-files.js"
import { hostUploads } from "../../src/session/host-uploads.js"
import { archived, foreignOf, inSession } from "./foreign-packages.js"

it("has every package of the standard library that the checks need, so that Go compiles only their module under emulation", async () => {
  const ran = await inSession(async () => {
    // Go's toolchains come from the proxy that this host is configured for, whoever has signed its certificate.
    const bundle = caBundle(undefined)
    const trust = bundle === undefined ? {} : { caBundle: readFileSync(bundle, "utf8") }
    const engineHost = await openEngineHost(hostUploads(), trust)
    const foreign = foreignOf(engineHost)
    const request: BuildRequest = {
      platforms: [foreign],
      variants: ["chrome-go"],
      sources: "registry",
      sudo: false,
      refresh: false,
    }
    const plan = planVariant("chrome-go", request, { mode: "registry", reason: "test" })
    const context = { platform: foreign, emulated: true, plan, tools: [], packages: [] }
    const cache = goBuildCache(context, execChecks(context), engineHost.platform)
    const [go] = plannedTool("go", foreign, "registry", plan.base)
    if (!cache || !go) throw new Error("no plan")
    const packages = ["gcc", "libc6-dev"]
    const { container } = await installPackages(
      engineHost,
      await archived(engineHost, foreign, packages),
      nativeToolsOf(await archived(engineHost, engineHost.platform, packages)),
    )
    const image = container
      .withDirectory("/usr/local/go", await goToolchain(engineHost, go, {}))
      .withDirectory(HELPERS, engineHost.uploads.directory(scriptsIn("checks")))
      .withWorkdir(`${HELPERS}/go-module`)
      .withEnvVariable("PATH", "/usr/local/go/bin:/usr/bin:/bin")
      .withEnvVariable("GOPROXY", "off")
    const cached = await withGoBuildCache(engineHost, image, cache, {})
    const native = spelling(engineHost.platform).arch
    const commands = [
      "go build -x -o /tmp/sum ./cmd/smoke-sum",
      "go build -x -o /tmp/cgo ./cmd/smoke-cgo",
      "go test -x -run Sum .",
      `CGO_ENABLED=0 GOARCH=${native} go build -x -o /tmp/plain ./cmd/smoke-plain`,
    ]
    // Each with a copy of the cache: none finds what another has left.
    const outputs = commands.map((command) =>
      cached.withExec(["sh", "-c", `${command} 2>&1 || echo "exit code $?"`]).stdout(),
    )
    return Promise.all(outputs)
  })
  expect(ran.map((output) => /^exit code .*/m.exec(output)?.[0])).toEqual(ran.map(() => undefined))
  const packages = /\/compile .* -p (\S+) /g
  expect(ran.map((output) => [...output.matchAll(packages)].map(([, name]) => name).sort())).toEqual([
    ["example.org/smoke", "main"],
    ["main"],
    ["example.org/smoke", "main"],
    ["main"],
  ])
  expect(ran.map((output) => [...output.matchAll(/\/vet .*vet\.cfg/g)].length)).toEqual([0, 0, 1, 0])
})
