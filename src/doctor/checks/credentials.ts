import { accessSync, constants, readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { lookup } from "../../artifacts/lookup.js"
import { findProgram } from "../../engine/bare/host/host.js"
import { homeFolder } from "../../host/paths.js"
import type { Examination } from "../examination/examination.js"
import { ok, warning, type Finding } from "../examination/finding.js"

const CHECK = "credentials"

/** What of Docker's configuration decides where credentials are. */
const configSchema = z.object({
  auths: z.record(z.string(), z.unknown()).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
})

/** The files in which Docker's client and podman keep credentials. The first two are Docker's and podman's own order. */
export function credentialFiles(env: NodeJS.ProcessEnv): string[] {
  const home = homeFolder(env)
  const docker = env["DOCKER_CONFIG"] ?? (home === undefined ? undefined : join(home, ".docker"))
  const runtime = env["XDG_RUNTIME_DIR"]
  const podman =
    env["REGISTRY_AUTH_FILE"] ?? (runtime === undefined ? undefined : join(runtime, "containers/auth.json"))
  return [...(docker === undefined ? [] : [join(docker, "config.json")]), ...(podman === undefined ? [] : [podman])]
}

/**
 * Whether the credentials on this host can be read, and the programs run that know them. Never quotes what is in these files, the messages
 * of their parser included.
 */
export function checkCredentials({ world: { env } }: Examination): Finding[] {
  const found = credentialFiles(env).filter((path) => lookup(path) !== undefined)
  const passwordFile = env["RUNNER_IMAGES_REGISTRY_PASSWORD_FILE"]
  return [
    ...(found.length === 0 ? [ok(CHECK, "none stored: publish takes them from --username and --password-file")] : []),
    ...found.flatMap((path) => fileFinding(path, env)),
    ...(passwordFile !== undefined && !isReadable(passwordFile)
      ? [
          warning(
            CHECK,
            `${passwordFile}, which RUNNER_IMAGES_REGISTRY_PASSWORD_FILE names, cannot be read by this user`,
            "run this as root, like the engine, or unset RUNNER_IMAGES_REGISTRY_PASSWORD_FILE",
          ),
        ]
      : []),
  ]
}

function fileFinding(path: string, env: NodeJS.ProcessEnv): Finding[] {
  if (!isReadable(path))
    return [warning(CHECK, `${path} cannot be read by this user`, `sudo chown "$(id -un)" ${path}`)]
  const config = parse(readFileSync(path, "utf8"))
  if (!config)
    return [warning(CHECK, `${path} is not the JSON that it should be`, `mv ${path} ${path}.broken, then docker login`)]
  const names = [...new Set([config.credsStore, ...Object.values(config.credHelpers ?? {})])]
  const missing = names
    .flatMap((name) => (name === undefined || name === "" ? [] : [`docker-credential-${name}`]))
    .filter((program) => findProgram(program, env) === undefined)
  if (missing.length > 0)
    return [
      warning(
        CHECK,
        `${path} names ${missing.join(" and ")}, which cannot be found: whatever asks for credentials then fails, even for public images`,
        `install it, or remove credsStore and credHelpers from ${path} and log in again`,
      ),
    ]
  const plain = Object.values(config.auths ?? {}).some((auth) => JSON.stringify(auth) !== "{}")
  if (plain && ((lookup(path)?.mode ?? 0) & 0o077) !== 0)
    return [warning(CHECK, `${path} has passwords that other users of this host can read`, `chmod 600 ${path}`)]
  const count = Object.keys(config.auths ?? {}).length
  return [ok(CHECK, `${path}: ${count === 1 ? "1 registry" : `${count} registries`}`)]
}

function parse(text: string): z.infer<typeof configSchema> | undefined {
  try {
    return configSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return lookup(path)?.isFile() === true
  } catch {
    return false
  }
}
