import type { Environment } from "../environment.js"
import type { Concern } from "./concern.js"
import { whyNotWritable } from "./writable.js"

/** The folder in which setup actions look for tools and install them. */
export function toolCacheFolder({ RUNNER_TOOL_CACHE, AGENT_TOOLSDIRECTORY }: Environment): string {
  return RUNNER_TOOL_CACHE ?? AGENT_TOOLSDIRECTORY ?? "/opt/hostedtoolcache"
}

/** What setup actions will stumble over. */
export function toolCacheConcerns(environment: Environment, uid: number): Concern[] {
  const folder = toolCacheFolder(environment)
  const problem = whyNotWritable(folder)
  if (problem === undefined) return []
  return [
    {
      problem: `setup actions cannot install tools in the tool cache ${folder}: ${problem}`,
      remedy: `Mount a folder there that user ${uid} can write to, or set RUNNER_TOOL_CACHE to one`,
    },
  ]
}
