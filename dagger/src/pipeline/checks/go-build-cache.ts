import type { Container } from "@dagger.io/dagger"
import { GO_BUILD_CACHE, type GoBuildCachePlan } from "../../core/checks/go-build-cache.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scripts, scriptsIn } from "../engine/script.js"
import { goToolchain } from "../image/go-toolchain.js"
import type { UpstreamAccess } from "../image/upstream.js"

/**
 * The container with a build cache that has the standard library, compiled natively.
 *
 * @throws RunnerImagesError DOWNLOAD_FAILED when there is no toolchain for the engine's own platform, CHECKSUM_UNKNOWN when it cannot be verified
 */
export async function withGoBuildCache(
  engineHost: EngineHost,
  image: Container,
  plan: GoBuildCachePlan,
  access: UpstreamAccess,
): Promise<Container> {
  const { uploads } = engineHost
  const cache = engineHost.toolbox
    .withExec([
      "sh",
      "-c",
      `apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io ${plan.packages.join(" ")} >/dev/null`,
    ])
    .withMountedDirectory("/go", await goToolchain(engineHost, plan.toolchain, access))
    .withMountedDirectory("/module", uploads.directory(scriptsIn("checks/go-module")))
    .withMountedDirectory("/plan", uploads.directory(scripts(["fill-go-cache.sh"])))
    .withExec(["sh", "/plan/fill-go-cache.sh", ...plan.arguments])
    .directory("/go-build")
  // A mount, which the checks can write to, and which is not written to by others.
  return image.withMountedDirectory(GO_BUILD_CACHE, await cache.sync()).withEnvVariable("GOCACHE", GO_BUILD_CACHE)
}
