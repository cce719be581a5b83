import { readdirSync, readFileSync } from "node:fs"
import { parse } from "yaml"
import * as z from "zod"

const text = z.union([z.string(), z.number()]).transform(String)

const service = z.strictObject({
  image: z.string(),
  container_name: z.string().optional(),
  restart: z.literal("unless-stopped"),
  stop_grace_period: z.string().regex(/^\d+s$/),
  environment: z.record(z.string(), text),
  secrets: z.tuple([z.literal("github")]),
  user: z.literal("0:0"),
  cap_drop: z.tuple([z.literal("ALL")]),
  cap_add: z.array(z.string()),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  read_only: z.literal(true),
  tmpfs: z.array(z.string()).nonempty(),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  expose: z.array(z.string()).default([]),
  shm_size: z.string().optional(),
  mem_limit: z.string(),
  cpus: text,
  pids_limit: z.int(),
  logging: z.strictObject({ driver: z.literal("json-file"), options: z.record(z.string(), z.string()) }),
  // No health check: the image has one.
})

const file = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  secrets: z.strictObject({ github: z.strictObject({ file: z.string() }) }),
  volumes: z.record(z.string(), z.null()).default({}),
})

export interface ComposeFile {
  /** `docker/docker-compose.chrome.yml` */
  path: string
  text: string
  name: string
  serviceName: string
  service: z.infer<typeof service>
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
      const [[serviceName, only] = [], ...others] = Object.entries(services)
      if (serviceName === undefined || !only || others.length > 0) throw new Error(`${path} has not one service`)
      return { path, text: written, name, serviceName, service: only, volumes: Object.keys(volumes) }
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
