import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { locate } from "../../engine/bare/up.js"
import { homeFolder } from "../../host/paths.js"
import { credentialFiles } from "../checks/credentials.js"

/** Variables whose values say nothing that others must not know, and help to understand a report. */
const HARMLESS =
  /^(?:PATH|HOME|PWD|OLDPWD|SHELL|SHLVL|TERM|COLORTERM|LANG|LANGUAGE|LC_\w+|TZ|USER|LOGNAME|HOSTNAME|EDITOR|PAGER|TMPDIR|_|CI|NO_COLOR|XDG_\w+|NODE_ENV|DO_NOT_TRACK|RUNNER_IMAGES_\w+|_EXPERIMENTAL_DAGGER_(?:RUNNER_HOST|CLI_BIN)|DOCKER_HOST|DOCKER_CONFIG|DOCKER_CONTEXT|GOFLAGS|GOTOOLCHAIN|GOSUMDB|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS)$/
const TELLING = /pass|secret|token|key|auth|cred|cookie|signature|session/i

/** Values that any text may have by chance. */
const ORDINARY =
  /^(?:\d{1,6}|true|false|yes|no|on|off|auto|always|never|none|default|linux|debian|ubuntu|production|development|test)$/i

export interface SecretsOptions {
  /** Every variable counts that is not known to be harmless, not only those whose names tell of a secret. */
  all: boolean
}

/**
 * The secrets that are known on this host: in the environment, in the files of Docker, podman, npm, Git and curl, and in the file with the
 * password of the bare engine's registry.
 */
export function knownSecrets(env: NodeJS.ProcessEnv, { all }: SecretsOptions = { all: false }): string[] {
  const fromEnvironment = Object.entries(env).flatMap(([name, value = ""]) => [
    ...urlSecrets(value),
    ...(isSecret(name, value, all) ? [value] : []),
  ])
  const passwordFile = env["RUNNER_IMAGES_REGISTRY_PASSWORD_FILE"]
  const home = homeFolder(env)
  const inHome = (name: string): string => (home === undefined ? "" : textOf(join(home, name)))
  return [
    ...fromEnvironment,
    ...credentialFiles(env).flatMap((path) => dockerSecrets(textOf(path))),
    ...(passwordFile === undefined ? [] : [textOf(passwordFile)]),
    ...instancePassword(env),
    ...valuesAfter(inHome(".npmrc"), /^[^#;\n]*_(?:authToken|auth|password)\s*=\s*(.+)$/gm),
    ...valuesAfter(inHome(".netrc"), /\bpassword\s+(\S+)/g),
    ...urlSecrets(inHome(".git-credentials")),
  ].filter((secret) => secret.trim().length >= 4)
}

/** Of the bare engine's registry, if this user may read it. */
function instancePassword(env: NodeJS.ProcessEnv): string[] {
  try {
    return [textOf(locate(undefined, env).folder.registryPassword)]
  } catch (error) {
    // There is no folder for state, or no such instance's name: nothing was written.
    if (error instanceof RunnerImagesError) return []
    throw error
  }
}

function isSecret(name: string, value: string, all: boolean): boolean {
  if (HARMLESS.test(name) || ORDINARY.test(value)) return false
  if (value.startsWith("/") && existsSync(value)) return false
  return TELLING.test(name) ? value.length >= 4 : all && value.length >= 6
}

/** Of all URLs in a text, the passwords, and users that stand alone, as a token does. */
function urlSecrets(text: string): string[] {
  return [...text.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/([^\s/?#"']+)@/gi)].flatMap(([, userInfo = ""]) => {
    const [user = "", ...rest] = userInfo.split(":")
    const password = rest.join(":")
    return [password === "" ? user : password].flatMap((secret) => [secret, decoded(secret)])
  })
}

/** Everything in a configuration of Docker's that is a text and not the name of something. */
function dockerSecrets(text: string): string[] {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    // Whatever it is, no line of it belongs into a report.
    return text.split("\n")
  }
  const secrets: string[] = []
  const walk = (value: unknown, key: string): void => {
    if (typeof value === "string") {
      if (/^(?:auth|password|identitytoken|registrytoken)$/i.test(key)) secrets.push(value)
      if (key === "auth") secrets.push(...basicSecrets(value))
      if (key === "header") secrets.push(value)
    } else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value)) walk(inner, key === "HttpHeaders" ? "header" : name)
  }
  walk(config, "")
  return secrets
}

/** `user:password` and the password of what HTTP calls basic authentication. */
function basicSecrets(auth: string): string[] {
  const pair = Buffer.from(auth, "base64").toString("utf8")
  return [pair, pair.slice(pair.indexOf(":") + 1)]
}

function valuesAfter(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, value = ""]) => [value.trim().replace(/^["']|["']$/g, "")])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Empty for a file that is not there or cannot be read: nothing else of this program reads it either. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
