import { dag, type Container } from "@dagger.io/dagger"
import { UNKNOWN_VERSION, type CheckContext } from "../core/checks.js"
import { RunnerImagesError } from "../core/errors.js"
import { installedPackages } from "../core/packages.js"
import { planVariant } from "../core/plan.js"
import type { PlatformName } from "../core/platforms.js"
import { REPORT_SCHEMA_VERSION, type PlatformReport, type Report } from "../core/report.js"
import type { VariantName } from "../core/variants.js"
import { native, type Native } from "./native.js"
import { asPlatform } from "./platform.js"
import type { Progress } from "./progress.js"
import { inspect, smokeTest } from "./smoke.js"

/** An image that was built elsewhere, and what it should be. */
export interface TestedImage {
  reference: string
  platforms: readonly PlatformName[]
  variant: VariantName
}

/**
 * Runs a variant's smoke tests in any image. What the image's own package database and labels say is what its programs are
 * measured against; of a tool that neither knows, that it tells some version is all that can be asked.
 *
 * @throws RunnerImagesError REGISTRY_FAILED when the image, or one of the platforms of it, cannot be had
 */
export async function testImage(image: TestedImage, progress: Progress): Promise<Report> {
  const side = await progress.run("all platforms", "base image", () => native(undefined))
  const tested: { report: PlatformReport; labels: ReadonlyMap<string, string> }[] = []
  for (const platform of image.platforms) tested.push(await testPlatform(side, image, platform, progress))
  const labels = tested[0]?.labels ?? new Map<string, string>()
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    variant: image.variant,
    version: labels.get("org.opencontainers.image.version") ?? UNKNOWN_VERSION,
    created: labels.get("org.opencontainers.image.created") ?? UNKNOWN_VERSION,
    sources: { mode: modeOf(labels), reason: "as the image says" },
    runner: { kind: runnerOf(labels), version: labels.get("com.github.runner.version") ?? UNKNOWN_VERSION },
    releases: [],
    platforms: tested.map(({ report }) => report),
  }
}

async function testPlatform(side: Native, image: TestedImage, platform: PlatformName, progress: Progress) {
  const pulled = dag.container({ platform: asPlatform(platform) }).from(image.reference)
  const base = await progress.run(platform, "pull", () => reach(image.reference, platform, pulled))
  const labels = await labelsOf(pulled)
  const packages = installedPackages(await pulled.file("/var/lib/dpkg/status").contents())
  const sudo = packages.some(({ name }) => name === "sudo")
  const request = { platforms: [platform], variants: [image.variant], sources: modeOf(labels), sudo, refresh: false }
  const plan = planVariant(image.variant, request, { mode: modeOf(labels), reason: "" })
  const tools = (plan.platforms[0]?.tools ?? []).map((tool) => {
    const version = tool.from === "deb" ? packages.find(({ name }) => name === tool.package)?.version : undefined
    const told = tool.name === "runner" ? labels.get("com.github.runner.version") : undefined
    const source = tool.from === "deb" ? `deb:${tool.package}` : tool.from
    return { name: tool.name, version: version ?? told ?? UNKNOWN_VERSION, source }
  })
  const context: CheckContext = { platform, plan, tools, packages }
  const files = await progress.run(platform, "files", () => inspect(side, pulled, context))
  const executed = await progress.run(platform, "smoke tests", () => smokeTest(pulled, context))
  const steps = progress.steps(platform)
  return { labels, report: { platform, base, packages: [], tools, checks: [...files, ...executed], steps } }
}

/** The image by digest. */
async function reach(reference: string, platform: PlatformName, container: Container): Promise<string> {
  try {
    return await container.imageRef()
  } catch (cause) {
    throw new RunnerImagesError(
      "REGISTRY_FAILED",
      `${reference} cannot be had for ${platform}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "Check the name, that the image has this platform, and that the engine may read from its registry.",
      { cause },
    )
  }
}

async function labelsOf(container: Container): Promise<ReadonlyMap<string, string>> {
  const labels = await container.labels()
  return new Map(await Promise.all(labels.map(async (label) => [await label.name(), await label.value()] as const)))
}

/** Images of others say nothing of their sources; vendors' own is what they will have. */
function modeOf(labels: ReadonlyMap<string, string>): "upstream" | "registry" {
  return labels.get("com.github.runner.sources") === "registry" ? "registry" : "upstream"
}

function runnerOf(labels: ReadonlyMap<string, string>): "actions" | "stand-in" {
  return labels.get("com.github.runner.kind") === "stand-in" ? "stand-in" : "actions"
}
