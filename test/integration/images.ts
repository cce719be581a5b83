import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import { standardAnnotations } from "../../dagger/src/core/plan/annotations.js"
import type { FinishOptions } from "../../dagger/src/core/oci/finish.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { finish, type FinishedImage, type PlatformImage } from "../../dagger/src/pipeline/oci/finish.js"
import type { EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import type { Compression } from "../../dagger/src/core/request/compression.js"
import { caBundle } from "../../src/input/host-files.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { platformReport, report } from "../unit/core/report/reports.js"

/** What native steps trust that fetch from registries: what this host trusts. */
export function hostTrust(): { caBundle?: string } {
  const bundle = caBundle(undefined)
  return bundle === undefined ? {} : { caBundle: readFileSync(bundle, "utf8") }
}

export const BOTH: readonly PlatformName[] = ["linux/amd64", "linux/arm64"]

export const LAYERS = ["Debian", "greeting", "machine"]

export const FINISH: Omit<FinishOptions, "platforms"> = {
  created: "2026-01-02T03:04:05Z",
  annotations: standardAnnotations({
    title: "small",
    description: "A small image",
    version: "1.2.3",
    created: "2026-01-02T03:04:05Z",
    licenses: "Apache-2.0",
  }),
  healthcheck: { command: ["true"], intervalSeconds: 30, timeoutSeconds: 5, startPeriodSeconds: 10, retries: 3 },
  layers: Object.fromEntries(BOTH.map((platform) => [platform, LAYERS])),
}

/** An image that is quickly built: the base, a file, and what a command says that runs on the platform. */
export function smallImage(base: string, platform: PlatformName, greeting = "hello"): PlatformImage {
  const container = dag
    .container({ platform: asPlatform(platform) })
    .from(base)
    .withNewFile("/greeting", greeting)
    .withExec(["sh", "-c", "uname -m > /machine"])
    .withLabel("org.example.label", "kept")
    .withEntrypoint(["cat", "/machine"])
  return { platform, container }
}

export function finishSmall(
  engineHost: EngineHost,
  platforms: readonly PlatformName[],
  { greeting, compression }: { greeting?: string | undefined; compression?: Compression } = {},
): Promise<FinishedImage> {
  return finish(
    platforms.map((platform) => smallImage(engineHost.base, platform, greeting)),
    { ...FINISH, ...(compression === undefined ? {} : { compression }) },
    engineHost,
  )
}

/** The report of a finished image of which every check passed. It lists no installed software, but could. */
export function reportOf({ index, platforms }: FinishedImage, change: Partial<Report> = {}): Report {
  return report({
    index,
    request: { base: "debian:trixie-slim", compression: "gzip" },
    platforms: [...platforms].map(([platform, { digest, compressedBytes }]) =>
      platformReport(platform, { digest, compressedBytes, installed: { packages: [], npm: [] } }),
    ),
    ...change,
  })
}
