import { join } from "node:path"
import { z } from "zod"

/** How the server is with runners. All can be changed while it runs. */
export const SETTINGS = z.strictObject({
  /** Runners older than this one are refused: `2.329.0`. */
  minimumRunnerVersion: z.string().nullable().default(null),
  /** Where they are refused: when they ask for jobs, or when they are configured. */
  refuseVersionAt: z.enum(["messages", "registration"]).default("messages"),
  /** Seconds after which a runner that said nothing is offline, its session is over, and its job is lost. */
  sessionSeconds: z.number().positive().default(60),
  /** Seconds for which a runner's question for a job is kept open. */
  pollSeconds: z.number().nonnegative().default(25),
  /** Whether runners register with the API, or as with older servers with the pipelines service. */
  useV2Flow: z.boolean().default(true),
  /** A folder with a repository of an action in each `OWNER/NAME`; by default, that of the tests' own actions. */
  actions: z.string().default(join(import.meta.dirname, "actions")),
  /** The newest release, as the list of runner applications has it. */
  offeredRunnerVersion: z.string().default("2.338.0"),
})

export type Settings = z.infer<typeof SETTINGS>
