import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse } from "yaml"
import * as z from "zod"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"

const path = z.string().startsWith("/")

/** What our image has to make of an example. What is left out has its default. */
const outcome = z.strictObject({
  /** Address for config.sh; none with a configuration for one run. */
  target: z.string().optional(),
  authentication: z.enum(["token", "registration-token", "app", "jit", "none"]),
  /** RANDOM and HOSTNAME stand for what differs. */
  name: z.string(),
  /** ARCHITECTURE stands for the machine's own. */
  labels: z.array(z.string()),
  group: z.string().optional(),
  workFolder: path,
  ephemeral: z.boolean().default(false),
  replace: z.boolean().default(true),
  disableUpdate: z.boolean().default(false),
  runAsRoot: z.boolean().optional(),
  waitForDockerSeconds: z.number().default(0),
  metricsPort: z.number().default(9091),
  /** Variables that jobs must not see. */
  hiddenFromJobs: z.array(z.string()),
  /** Variables that a warning tells of, besides labels of another architecture. */
  warnings: z.array(z.string()).default([]),
})

const example = z
  .strictObject({
    name: z.string(),
    file: z.string(),
    variant: z.enum(VARIANTS).default("standard"),
    /** That image starts as root. */
    root: z.boolean().default(false),
    environment: z.record(z.string(), z.string()),
    /** Where named volumes are mounted. */
    volumes: z.array(path).default([]),
    /** Where the host's files are mounted. */
    binds: z.array(path).default([]),
    /** HOST:CONTAINER */
    ports: z.array(z.string().regex(/^\d+:\d+$/)).default([]),
    capabilities: z.strictObject({ drop: z.array(z.string()), add: z.array(z.string()) }).optional(),
    command: z.array(z.string()).default([]),
    healthcheck: z.array(z.string()).optional(),
    /** Whether it is also run under a Docker daemon; `false` where that would need more than the test environment has, such as an App. */
    run: z.boolean().default(true),
    resolves: outcome.optional(),
    /** Variables with errors, where our image refuses. */
    issues: z.array(z.string()).optional(),
  })
  .refine(({ resolves, issues }) => (resolves === undefined) !== (issues === undefined), "one outcome")

const otherImage = z.strictObject({ otherImage: z.string(), commit: z.string(), examples: z.array(example).nonempty() })

export type Example = z.infer<typeof example>

/** Facts of other images' compose files, manifests and README commands. Variables, values and paths are theirs; the words are ours. */
export function readOtherImages(): z.infer<typeof otherImage>[] {
  const folder = fileURLToPath(new URL("../other-images/", import.meta.url))
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => otherImage.parse(parse(readFileSync(folder + name, "utf8"), { merge: true })))
}
