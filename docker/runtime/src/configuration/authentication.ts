import { type BrokerEndpoint, readBrokerUrl } from "./broker.js"
import type { Host } from "./host.js"
import { readPrivateKey, RSA_KEYS } from "./private-key.js"
import type { Found, Settings } from "./settings.js"
import type { Target } from "./target.js"
import { namesOf, variable } from "./variables.js"

/** How the runner may register. It contains secrets. */
export type Authentication =
  | { kind: "token"; token: string }
  | { kind: "registration-token"; token: string }
  | { kind: "app"; id: string; privateKey: string; login?: string }
  | { kind: "jit"; config: string }
  | { kind: "broker"; endpoint: BrokerEndpoint }
  | { kind: "none" }

/** Whether it opens GitHub's API, with which a runner can also be removed. */
export function opensApi({ kind }: Authentication): boolean {
  return kind === "token" || kind === "app"
}

/** GitHub's ids are numbers, its client ids begin with Iv. */
const APP_ID = /^(\d+|Iv[\w.]+)$/

/** A token that can do more than register: new ones, and old ones without a prefix. */
const ACCESS = /^(gh[a-z]_|github_pat_)|^[0-9a-f]{40}$/

const BASE64 = /^[A-Za-z0-9+/_=-]+$/

/**
 * Reads how the runner may register.
 *
 * @param needed whether there has to be a way to register
 */
export function readAuthentication(settings: Settings, host: Host, needed: boolean): Authentication {
  const endpoint = readBrokerUrl(settings, host)
  const jit = settings.secret("ACTIONS_RUNNER_INPUT_JITCONFIG")
  const { access, registration } = readTokens(settings)
  const key = settings.secret("APP_PRIVATE_KEY")
  const id = settings.find("APP_ID")

  if (endpoint) {
    for (const { name } of [jit, access, registration, key].filter((found) => found !== undefined))
      settings.wrong(
        name,
        "is set, and so is BROKER_URL",
        "Give the credential only to the broker: that is what a broker is for.",
      )
    return { kind: "broker", endpoint }
  }
  if (jit) {
    for (const { name } of [access, registration, key].filter((found) => found !== undefined)) {
      // Somebody may have meant GITHUB_TOKEN for jobs.
      if (name.startsWith("GITHUB_"))
        settings.warn(`${name} is ignored, and hidden from jobs: ${jit.name} contains the registration`)
      else settings.wrong(name, `is set, and so is ${jit.name}`, "Set only one of them: each is a way to register.")
    }
    if (!BASE64.test(jit.value))
      settings.wrong(jit.name, "is not what GitHub's API returns", "Use encoded_jit_config unchanged, in base64.")
    return { kind: "jit", config: jit.value }
  }
  if (id ?? key) return readApp(settings, id, key, access ?? registration)
  if (access) {
    if (registration)
      settings.warn(`${access.name} is used and ${registration.name} is ignored: the first can create fresh tokens`)
    return { kind: "token", token: plainToken(settings, access) }
  }
  if (registration && ACCESS.test(registration.value))
    settings.wrong(
      registration.name,
      "is a token for GitHub's API, not a registration token",
      "Set it as ACCESS_TOKEN.",
    )
  if (registration) return { kind: "registration-token", token: plainToken(settings, registration) }
  if (needed && !settings.issues.some(({ variable }) => /TOKEN|PRIVATE_KEY|JITCONFIG|_PAT/.test(variable)))
    settings.wrong(
      "ACCESS_TOKEN",
      "is missing, and no other credential is set",
      "Set ACCESS_TOKEN, or APP_ID and APP_PRIVATE_KEY, or RUNNER_TOKEN, each of which may be a file (ACCESS_TOKEN_FILE), or BROKER_URL.",
    )
  return { kind: "none" }
}

/** In the image that GITHUB_OWNER comes from, GITHUB_TOKEN is a registration token, and GITHUB_PAT creates such tokens. */
function readTokens(settings: Settings): Record<"access" | "registration", Found | undefined> {
  const registration = settings.secret("RUNNER_TOKEN")
  const names = namesOf(variable("ACCESS_TOKEN"))
  if (!settings.present("GITHUB_OWNER")) return { access: settings.secret("ACCESS_TOKEN"), registration }
  const access = settings.secret(
    "ACCESS_TOKEN",
    names.filter((name) => name !== "GITHUB_TOKEN"),
  )
  const either = settings.secret("ACCESS_TOKEN", ["GITHUB_TOKEN"])
  if (either && ACCESS.test(either.value)) return { access: access ?? either, registration }
  return { access, registration: registration ?? either }
}

function readApp(
  settings: Settings,
  id: Found | undefined,
  key: Found | undefined,
  token: Found | undefined,
): Authentication {
  if (token) {
    settings.wrong(token.name, "is set, and so is a GitHub App", "Set either a token, or APP_ID and APP_PRIVATE_KEY.")
    return { kind: "none" }
  }
  if (!id) settings.wrong("APP_ID", "is missing, but APP_PRIVATE_KEY is set", "Set the App's ID.")
  else if (!APP_ID.test(id.value))
    settings.wrong("APP_ID", `is "${id.value}"`, "Write the App's ID, a number, or its client ID.")
  if (!key) {
    if (!settings.issues.some(({ variable }) => variable.startsWith("APP_PRIVATE_KEY")))
      settings.wrong(
        "APP_PRIVATE_KEY",
        "is missing, but APP_ID is set",
        "Set the App's private key, or APP_PRIVATE_KEY_FILE.",
      )
    return { kind: "none" }
  }
  const privateKey = readPrivateKey(settings, key, RSA_KEYS)
  const login = settings.text("APP_LOGIN")
  return { kind: "app", id: id?.value ?? "", privateKey, ...(login === undefined ? {} : { login }) }
}

function plainToken(settings: Settings, { name, value }: Found): string {
  if (/\s/.test(value)) settings.wrong(name, "contains white space", "Set only the token.")
  return value
}

/** Every secret text of an authentication, to be kept out of all output. */
export function secretsOf(authentication: Authentication): string[] {
  switch (authentication.kind) {
    case "token":
    case "registration-token":
      return [authentication.token]
    case "app":
      return [authentication.privateKey]
    case "jit":
      return [authentication.config]
    case "broker":
      return authentication.endpoint.tls ? [authentication.endpoint.tls.key] : []
    case "none":
      return []
  }
}

/** Whether only the variables of GrammaTonic's image are used: the defaults are then that image's. */
export function isGrammaTonic(settings: Settings, target: Target | undefined): boolean {
  const own = ["ACCESS_TOKEN", "REPO_URL", "GITHUB_OWNER", "ORG_NAME", "RUNNER_SCOPE", "LABELS", "APP_ID", "EPHEMERAL"]
  const used = (name: string) => settings.all[name] !== undefined
  return (
    target?.scope === "repository" &&
    used("GITHUB_REPOSITORY") &&
    !own.some((name) => used(name) || used(`${name}_FILE`))
  )
}
