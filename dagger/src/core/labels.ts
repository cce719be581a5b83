import { standardAnnotations } from "./annotations.js"
import type { VariantPlan } from "./plan.js"
import { PROJECT_VERSION } from "./version.js"

/** Facts that only a build knows. */
export interface BuildFacts {
  /** ISO 8601. */
  created: string
  /** The base image by digest. */
  base: string
  runnerVersion: string
}

/** Labels of the image's configuration; those of the OCI specification are the index's and manifests' annotations too. */
export function labelsOf(plan: VariantPlan, facts: BuildFacts): Record<string, string> {
  return {
    ...annotationsOf(plan, facts),
    "com.github.runner.version": facts.runnerVersion,
    "com.github.runner.type": plan.variant,
    "com.github.runner.created": facts.created,
    "com.github.runner.kind": plan.runner,
    "com.github.runner.sources": plan.sources.mode,
  }
}

export function annotationsOf(plan: VariantPlan, facts: BuildFacts): Record<string, string> {
  return standardAnnotations({
    title: plan.title,
    description: plan.description,
    version: PROJECT_VERSION,
    created: facts.created,
    licenses: "Apache-2.0",
    base: { name: `docker.io/library/${plan.base}`, digest: facts.base.slice(facts.base.indexOf("@") + 1) },
  })
}
