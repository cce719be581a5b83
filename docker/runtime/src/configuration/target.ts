import type { Settings } from "./settings.js"

export type Scope = "repository" | "organization" | "enterprise"

/** What the runner works for. */
export interface Target {
  scope: Scope
  /** For config.sh: `https://github.com/OWNER/REPOSITORY` */
  url: string
  /** Where the API has it: `repos/OWNER/REPOSITORY`, `orgs/ORGANISATION`, `enterprises/ENTERPRISE` */
  path: string
  /** Owner of the repository, the organisation, or the enterprise. */
  owner: string
}

/** Where GitHub is. No address ends in a slash. */
export interface Servers {
  /** `https://github.com` */
  server: string
  /** `https://api.github.com` */
  api: string
}

const NAME = /^[A-Za-z0-9](?:[\w.-]*[\w-])?$/
const GITHUB = "github.com"
/** Of GitHub Enterprise Cloud with data residency. */
const RESIDENCY = ".ghe.com"

/** Every variable that may name a target, or part of one. */
const TARGETS = [
  ...["REPO_URL", "GITHUB_REPOSITORY", "GITHUB_OWNER", "ORG_NAME", "RUNNER_ORGANIZATION_URL", "ENTERPRISE_NAME"],
  ...["RUNNER_SCOPE", "ORG_RUNNER"],
]

/** A target as far as the variables name it: which, and by which variable. */
interface Named {
  scope: Scope
  parts: string[]
  by: string
}

/**
 * Reads the target, and where its server and API are. The settings collect validation issues.
 *
 * @param needed whether there has to be a target
 */
export function readTarget(settings: Settings, needed: boolean): { target: Target | undefined; servers: Servers } {
  const found = [repository(settings), organization(settings), enterprise(settings)].filter((one) => one !== undefined)
  const url = addressOf(settings, "REPO_URL") ?? addressOf(settings, "RUNNER_ORGANIZATION_URL")
  const chosen = choose(settings, found)
  const servers = readServers(settings, url, chosen)
  if (!chosen) {
    if (needed && found.length === 0 && !TARGETS.some((name) => settings.present(name)))
      settings.wrong(
        "REPO_URL",
        "is missing, and no other target is set",
        "Set REPO_URL, GITHUB_REPOSITORY, ORG_NAME or ENTERPRISE_NAME.",
      )
    return { target: undefined, servers }
  }
  const path = { repository: "repos", organization: "orgs", enterprise: "enterprises" }[chosen.scope]
  const name = chosen.parts.join("/")
  return {
    servers,
    target: {
      scope: chosen.scope,
      url: `${servers.server}/${chosen.scope === "enterprise" ? "enterprises/" : ""}${name}`,
      path: `${path}/${name}`,
      owner: chosen.parts[0] ?? "",
    },
  }
}

function choose(settings: Settings, found: readonly Named[]): Named | undefined {
  const scope = readScope(settings)
  const [first, ...others] = found
  if (!scope) {
    if (first && others.length > 0)
      settings.warn(
        `${first.by} determines the runner's target; ${others.map(({ by }) => by).join(" and ")} would need RUNNER_SCOPE`,
      )
    return first
  }
  const wanted = found.find((one) => one.scope === scope.scope)
  if (wanted || settings.issues.length > 0) return wanted
  const name = { repository: "REPO_URL", organization: "ORG_NAME", enterprise: "ENTERPRISE_NAME" }[scope.scope]
  settings.wrong(
    scope.by,
    first ? `is for ${articled(scope.scope)}, but ${first.by} names ${articled(first.scope)}` : `needs ${name}`,
    first ? `Set ${name}, or leave ${scope.by} out.` : `Set ${name}.`,
  )
  return undefined
}

function articled(scope: Scope): string {
  return scope === "repository" ? "a repository" : `an ${scope === "organization" ? "organisation" : scope}`
}

function readScope(settings: Settings): { scope: Scope; by: string } | undefined {
  const given = settings.text("RUNNER_SCOPE")
  const oldWay = settings.boolean("ORG_RUNNER")
  if (given === undefined) return oldWay ? { scope: "organization", by: "ORG_RUNNER" } : undefined
  const word = given.toLowerCase()
  const scopes: readonly (readonly [string, Scope])[] = [
    ["repo", "repository"],
    ["org", "organization"],
    ["ent", "enterprise"],
  ]
  const found = scopes.find(([begin]) => word.startsWith(begin))
  if (found) return { scope: found[1], by: "RUNNER_SCOPE" }
  settings.wrong("RUNNER_SCOPE", `is "${given}"`, "Write repo, org or ent.")
  return undefined
}

function repository(settings: Settings): Named | undefined {
  const address = addressOf(settings, "REPO_URL")
  const short = settings.find("GITHUB_REPOSITORY")
  if (address) {
    const target = pageOf(address)
    if (!target) {
      settings.wrong(address.by, "is not the URL of a repository", "Write it like https://github.com/OWNER/REPOSITORY.")
      return undefined
    }
    // The image that has this variable takes an organisation's URL as well.
    if (target.scope !== "repository") return target
    const name = address.parts.join("/")
    if (short && short.value.includes("/") && short.value.toLowerCase() !== name.toLowerCase())
      settings.wrong(short.name, `is ${short.value}, but ${address.by} names ${name}`, "Set only one of them.")
    return target
  }
  if (!short) return undefined
  const owner = settings.text("GITHUB_OWNER") ?? settings.text("ORG_NAME")
  const parts = short.value.includes("/") || owner === undefined ? short.value.split("/") : [owner, short.value]
  if (parts.length === 2 && parts.every(isName)) return { scope: "repository", parts, by: short.name }
  settings.wrong(short.name, `is "${short.value}"`, "Write OWNER/REPOSITORY.")
  return undefined
}

/** First parts of a path that are no owner's name, and whose page it is. People copy these addresses from their browsers. */
const PAGES: Readonly<Record<string, Scope>> = {
  orgs: "organization",
  organizations: "organization",
  enterprises: "enterprise",
}

/** What a URL names: `/OWNER/REPOSITORY`, `/ORGANISATION`, or a page of an organisation or an enterprise, such as `/orgs/ORGANISATION/people`. */
function pageOf({ parts, by }: Address): Named | undefined {
  const [first = "", second] = parts
  const scope = PAGES[first.toLowerCase()]
  if (scope) return second !== undefined && isName(second) ? { scope, parts: [second], by } : undefined
  if (parts.length > 2 || !parts.every(isName)) return undefined
  return parts.length === 0 ? undefined : { scope: second === undefined ? "organization" : "repository", parts, by }
}

function organization(settings: Settings): Named | undefined {
  const address = addressOf(settings, "RUNNER_ORGANIZATION_URL")
  if (address) {
    const target = pageOf(address)
    if (target?.scope === "organization") return target
    settings.wrong(address.by, "is not the URL of an organisation", "Write it like https://github.com/ORGANISATION.")
    return undefined
  }
  const alone = settings.find("GITHUB_REPOSITORY") ? undefined : settings.find("GITHUB_OWNER")
  return named(settings, "organization", settings.find("ORG_NAME") ?? alone)
}

function enterprise(settings: Settings): Named | undefined {
  return named(settings, "enterprise", settings.find("ENTERPRISE_NAME"))
}

function named(
  settings: Settings,
  scope: Scope,
  found: { name: string; value: string } | undefined,
): Named | undefined {
  if (!found) return undefined
  if (isName(found.value)) return { scope, parts: [found.value], by: found.name }
  settings.wrong(found.name, `is "${found.value}", which is not a valid name`, "Write only the name, without a URL.")
  return undefined
}

function isName(text: string | undefined): boolean {
  return text !== undefined && NAME.test(text)
}

interface Address {
  by: string
  /** `https://github.com` */
  origin: string
  host: string
  parts: string[]
}

/** A URL that a variable holds, or undefined with an error. Asked twice, it complains once. */
function addressOf(settings: Settings, name: string): Address | undefined {
  const found = settings.find(name)
  if (!found) return undefined
  const wrong = (problem: string, remedy: string): Address | undefined => {
    if (!settings.issues.some(({ variable }) => variable === found.name)) settings.wrong(found.name, problem, remedy)
    return undefined
  }
  if (!URL.canParse(found.value)) return wrong("is not a URL", "Write it like https://github.com/OWNER/REPOSITORY.")
  const { protocol, username, password, origin, host, pathname } = new URL(found.value)
  if (username !== "" || password !== "") return wrong("contains credentials", "Leave them out of the URL.")
  if (!["https:", "http:"].includes(protocol)) return wrong(`begins with ${protocol}//`, "Begin it with https://.")
  const parts = pathname
    .replace(/\.git\/?$/, "")
    .split("/")
    .filter((part) => part !== "")
  return { by: found.name, origin, host, parts }
}

function readServers(settings: Settings, url: Address | undefined, chosen: Named | undefined): Servers {
  const given = hostOf(settings, "GITHUB_HOST")
  if (given && given.path !== "/") settings.wrong(given.by, "contains a path", "Write only the server.")
  if (given && url && given.host !== url.host) {
    const problem = `is ${given.host}, but ${url.by} is on ${url.host}`
    // A URL that the scope does not choose was left over.
    if (chosen && chosen.by !== url.by)
      settings.warn(`${given.by} ${problem}; ${chosen.by} determines the runner's target`)
    else settings.wrong(given.by, problem, "Set only one of them.")
  }
  const server = given?.origin ?? url?.origin ?? `https://${GITHUB}`
  const { host, protocol } = new URL(server)
  const isGitHub = host === GITHUB
  const isCloud = isGitHub || host.endsWith(RESIDENCY)
  if (isCloud && protocol === "http:")
    settings.wrong(given?.by ?? url?.by ?? "GITHUB_HOST", `names ${host} without TLS`, "Begin it with https://.")
  const apiHost = hostOf(settings, "GITHUB_API_HOST", protocol)
  const path = readApiPath(settings, apiHost) ?? (isCloud ? "/" : "/api/v3")
  const origin = apiHost?.origin ?? (isCloud ? `https://api.${host}` : server)
  const api = `${origin}/${trimmed(path)}`.replace(/\/$/, "")
  if (protocol === "http:" || api.startsWith("http:"))
    settings.warn(`${new URL(api).host} is accessed without TLS: tokens are sent in clear text`)
  return { server, api }
}

/** Of the API's own setting, or of the URL that names its server. */
function readApiPath(settings: Settings, host: { by: string; path: string } | undefined): string | undefined {
  const given = settings.find("GITHUB_API_PATH")
  if (!host || host.path === "/") return given?.value
  if (given && trimmed(given.value) !== trimmed(host.path))
    settings.wrong(given.name, `is ${given.value}, but ${host.by} has the path ${host.path}`, "Set only one of them.")
  return host.path
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, "")
}

/** A server by its name, or by a URL. */
function hostOf(
  settings: Settings,
  name: string,
  protocol = "https:",
): { by: string; origin: string; host: string; path: string } | undefined {
  const found = settings.find(name)
  if (!found) return undefined
  const text = found.value.includes("://") ? found.value : `${protocol}//${found.value}`
  if (URL.canParse(text)) {
    const { origin, host, pathname: path, username, password, protocol: scheme } = new URL(text)
    if (username === "" && password === "" && /^https?:$/.test(scheme) && host !== "")
      return { by: found.name, origin, host, path }
  }
  settings.wrong(found.name, "is not the name of a server", "Write it like github.example.org, without a path.")
  return undefined
}
