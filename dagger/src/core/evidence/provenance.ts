import type { PlatformReport, Report } from "../report/report.js"
import { materialsOf } from "./materials.js"
import type { Resource } from "./statement.js"

/** https://slsa.dev/spec/v1.0/provenance */

/**
 * How images are built, and what the parameters mean: docs/VERIFYING.md describes it. A name and not an address, since this project has no
 * website of its own.
 */
export const BUILD_TYPE = "urn:runner-images:build:v1"

/** Who built: the program. Which machine it ran on, and who may use that, is the signer's identity to say. */
export const BUILDER_ID = "urn:runner-images:pipeline"

/** The predicate of provenance. Without the times of the build: the same inputs have the same provenance. */
export interface Provenance {
  buildDefinition: {
    buildType: string
    externalParameters: Record<string, unknown>
    internalParameters: Record<string, unknown>
    resolvedDependencies: Resource[]
  }
  runDetails: { builder: { id: string; version: Record<string, string> } }
}

/** The provenance of the images of some of a build's platforms. */
export function provenanceOf(report: Report, platforms: readonly PlatformReport[]): Provenance {
  const { variant, version, created, sources, runner, root, sudo, request, inputs } = report
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        variant,
        platforms: platforms.map(({ platform }) => platform),
        ...(sources.requested === undefined ? {} : { sources: sources.requested }),
        runner: runner.kind,
        ...(root ? { root } : {}),
        ...(sudo ? { sudo } : {}),
        ...(request ?? {}),
      },
      internalParameters: {
        created,
        runnerVersion: runner.version,
        tools: sources.tools,
        installation: Object.fromEntries(
          platforms.flatMap(({ platform, installation }) => (installation ? [[platform, installation.method]] : [])),
        ),
        ...(inputs ? { inputs } : {}),
      },
      resolvedDependencies: materialsOf(report, platforms),
    },
    runDetails: { builder: { id: BUILDER_ID, version: { "runner-images": version } } },
  }
}
