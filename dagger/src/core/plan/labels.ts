import { standardAnnotations } from "./annotations.js"
import type { VariantPlan } from "./plan.js"
import { SOURCES_LABEL, sourcesLabel } from "./sources-label.js"
import type { SourceCode } from "../text/source-code.js"
import { PROJECT_VERSION } from "../version.js"

/** Facts that only a build knows. */
export interface BuildFacts {
  /** ISO 8601. */
  created: string
  /** The base image by digest. */
  base: string
  runnerVersion: string
  /** Where the source code is, as far as that is known. */
  source?: SourceCode
}

/** Labels of the image's configuration; those of the OCI specification are also annotations of the index and manifests. */
export function labelsOf(plan: VariantPlan, facts: BuildFacts): Record<string, string> {
  return {
    ...annotationsOf(plan, facts),
    "com.github.runner.version": facts.runnerVersion,
    "com.github.runner.type": plan.variant,
    "com.github.runner.created": facts.created,
    "com.github.runner.kind": plan.runner,
    [SOURCES_LABEL]: sourcesLabel(plan.sources),
    ...Object.fromEntries(optionsOf(plan).map((option) => [`com.github.runner.${option}`, "true"])),
  }
}

/** The options by which an image differs from the variant's default, as labels spell them. */
function optionsOf({ root, options }: VariantPlan): string[] {
  const has = { sudo: options.includes("sudo"), root, "cjk-fonts": options.includes("cjkFonts") }
  return Object.entries(has).flatMap(([name, set]) => (set ? [name] : []))
}

export function annotationsOf(plan: VariantPlan, { source, ...facts }: BuildFacts): Record<string, string> {
  return standardAnnotations({
    title: plan.title,
    description: plan.description,
    version: PROJECT_VERSION,
    created: facts.created,
    licenses: "Apache-2.0",
    ...(source?.url === undefined ? {} : { source: source.url }),
    ...(source?.revision === undefined ? {} : { revision: source.revision }),
    base: { name: `docker.io/library/${plan.base}`, digest: facts.base.slice(facts.base.indexOf("@") + 1) },
  })
}
