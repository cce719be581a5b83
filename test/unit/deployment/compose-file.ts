import { readdirSync, readFileSync } from "node:fs"
import { parse } from "yaml"
import * as z from "zod"

const text = z.union([z.string(), z.number()]).transform(String)

const logging = z.strictObject({ driver: z.literal("json-file"), options: z.record(z.string(), z.string()) })

/** What both kinds of services have. No health check: the image has one. */
const common = {
  image: z.string(),
  restart: z.literal("unless-stopped"),
  environment: z.record(z.string(), text),
  user: z.literal("0:0"),
  cap_drop: z.tuple([z.literal("ALL")]),
  cap_add: z.array(z.string()),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  read_only: z.literal(true),
  tmpfs: z.array(z.string()).nonempty(),
  volumes: z.array(z.string()).default([]),
  mem_limit: z.string(),
  cpus: text,
  pids_limit: z.int(),
  logging,
}

/** It has no secret: the key is not known here. */
const service = z.strictObject({
  ...common,
  container_name: z.string().optional(),
  depends_on: z.strictObject({ broker: z.strictObject({ condition: z.literal("service_healthy") }) }),
  stop_grace_period: z.string().regex(/^\d+s$/),
  ports: z.array(z.string()).default([]),
  expose: z.array(z.string()).default([]),
  shm_size: z.string().optional(),
})

/** Nobody outside speaks to it: it has no port. */
const broker = z.strictObject({
  ...common,
  command: z.tuple([z.literal("broker")]),
  secrets: z.tuple([z.literal("github")]),
})

const file = z.strictObject({
  name: z.string(),
  services: z.object({ broker }).catchall(z.unknown()),
  secrets: z.strictObject({ github: z.strictObject({ file: z.string() }) }),
  volumes: z.record(z.string(), z.null()).default({}),
})

export interface ComposeFile {
  /** `docker/docker-compose.chrome.yml` */
  path: string
  text: string
  name: string
  /** Of the runner. */
  serviceName: string
  /** The runner's. */
  service: z.infer<typeof service>
  /** What has the credential. */
  broker: z.infer<typeof broker>
  volumes: string[]
}

/** The compose files of this project, as they are written. */
export function composeFiles(): ComposeFile[] {
  return readdirSync("docker")
    .filter((name) => /^docker-compose\..*\.yml$/.test(name))
    .map((base) => {
      const path = `docker/${base}`
      const written = readFileSync(path, "utf8")
      const { name, services, volumes } = file.parse(parse(written))
      const { broker: withCredential, ...rest } = services
      const [[serviceName, only] = [], ...others] = Object.entries(rest)
      if (serviceName === undefined || others.length > 0)
        throw new Error(`${path} has not one service beside the broker`)
      return {
        path,
        text: written,
        name,
        serviceName,
        service: service.parse(only),
        broker: withCredential,
        volumes: Object.keys(volumes),
      }
    })
}

const VARIABLE = /\$\{(\w+)(:?-)([^}]*)\}/g

/** Every variable that a file is filled in with, and what it is without one. */
export function variablesOf(written: string): Map<string, string> {
  return new Map([...written.matchAll(VARIABLE)].map(([, name = "", , otherwise = ""]) => [name, otherwise]))
}

/** As compose fills in a text: `${NAME:-x}` also where the variable is empty, `${NAME-x}` only where there is none. */
export function filledIn(written: string, variables: Readonly<Record<string, string>> = {}): string {
  return written.replace(VARIABLE, (_, name: string, how: string, otherwise: string) => {
    const value = variables[name]
    return value === undefined || (value === "" && how === ":-") ? otherwise : value
  })
}
