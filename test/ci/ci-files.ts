import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import { z } from "zod"
import type { Script } from "./programs.js"

/** What CI systems read of this project, and the shell commands in it, in the order in which they run. */

export const WORKFLOWS = ".github/workflows"

const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({})

const stepSchema = z.strictObject({
  name: z.string().optional(),
  id: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: variables,
  run: z.string().optional(),
  env: variables,
  shell: z.string().optional(),
  "working-directory": z.string().optional(),
  "continue-on-error": z.boolean().default(false),
})

const permissionsSchema = z.record(z.string(), z.enum(["read", "write", "none"]))

const jobSchema = z.looseObject({
  name: z.string().optional(),
  "runs-on": z.string(),
  needs: z
    .union([z.string(), z.array(z.string())])
    .transform((needs) => (Array.isArray(needs) ? needs : [needs]))
    .default([]),
  "timeout-minutes": z.number().optional(),
  permissions: permissionsSchema.optional(),
  env: variables,
  strategy: z.looseObject({ matrix: z.record(z.string(), z.array(z.unknown())) }).optional(),
  steps: z.array(stepSchema),
})

const workflowSchema = z.looseObject({
  name: z.string(),
  permissions: permissionsSchema,
  concurrency: z.object({ group: z.string(), "cancel-in-progress": z.union([z.boolean(), z.string()]) }).optional(),
  defaults: z.object({ run: z.object({ shell: z.string() }) }).optional(),
  env: variables,
  jobs: z.record(z.string(), jobSchema),
})

export type Workflow = z.infer<typeof workflowSchema> & { file: string }
export type WorkflowStep = z.infer<typeof stepSchema>

/** GitHub's workflows, by their file. A key of a step that is not known here is an error: whoever runs steps would leave it out. */
export function workflows(): Workflow[] {
  return readdirSync(WORKFLOWS)
    .sort()
    .map((name) => {
      const file = join(WORKFLOWS, name)
      return { file, ...workflowSchema.parse(parse(readFileSync(file, "utf8"))) }
    })
}

/** A step of a workflow that runs commands, with all that decides what they do. */
export interface RunStep {
  file: string
  job: string
  /** Number among the job's steps, from 1. */
  number: number
  name: string
  script: string
  shell: string
  /** The workflow's, the job's and the step's variables. Expressions are not evaluated. */
  env: Record<string, string | number | boolean>
  if?: string
  workingDirectory?: string
}

/** Every `run:` step, in the order in which a machine alone would run them: jobs after those that they need. */
export function runSteps(workflow: Workflow): RunStep[] {
  return inOrder(workflow.jobs).flatMap(([job, { steps, env }]) =>
    steps.flatMap((step, index) => {
      const {
        run: script,
        name = `step ${index + 1}`,
        shell = workflow.defaults?.run.shell ?? "",
        if: condition,
      } = step
      if (script === undefined) return []
      const workingDirectory = step["working-directory"]
      return {
        file: workflow.file,
        job,
        number: index + 1,
        name,
        script,
        shell,
        env: { ...workflow.env, ...env, ...step.env },
        ...(condition === undefined ? {} : { if: condition }),
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
      }
    }),
  )
}

function inOrder(jobs: Workflow["jobs"]): [string, Workflow["jobs"][string]][] {
  const ordered = new Map<string, Workflow["jobs"][string]>()
  const add = (name: string): void => {
    const job = jobs[name]
    if (!job) throw new Error(`There is no job ${name}`)
    job.needs.forEach(add)
    ordered.set(name, job)
  }
  Object.keys(jobs).forEach(add)
  return [...ordered]
}

const gitlabJob = z.looseObject({
  before_script: z.array(z.string()).default([]),
  script: z.array(z.string()).default([]),
})

/** The scripts of GitLab's jobs: a job's lines are run by one shell. */
export function gitlabScripts(text: string, file: string): Script[] {
  const document = z.record(z.string(), z.unknown()).parse(parse(text))
  return Object.entries(document).flatMap(([name, value]) => {
    const { data } = gitlabJob.safeParse(value)
    const lines = [...(data?.before_script ?? []), ...(data?.script ?? [])]
    return lines.length === 0 ? [] : [{ name: `${file}: ${name}`, text: lines.join("\n") }]
  })
}

/** The arguments of Jenkins' `sh` steps, which are between single quotes, so that Groovy puts nothing into them. */
export function jenkinsScripts(text: string, file: string): Script[] {
  const steps = text.matchAll(/^ *sh (?:'''([^]*?)'''|'([^'\n]*)')$/gm)
  return [...steps].map(([all, long, short], index) => {
    // A line that ends in a backslash is joined to the next by Groovy already.
    return {
      name: `${file}: ${index + 1}. step ${all.trim().split("\n")[0] ?? ""}`,
      text: (long ?? short ?? "").replaceAll("\\\n", ""),
    }
  })
}
