import { isGrammaTonic, readAuthentication, secretsOf, type Authentication } from "./authentication.js"
import { type BrokerSettings, readBrokerSettings } from "./broker.js"
import { hiddenVariables } from "./hidden-variables.js"
import { misspelt } from "./hints.js"
import type { Host } from "./host.js"
import { jobEnvironment } from "./job-environment.js"
import { readLabels } from "./labels.js"
import { configurationFailure } from "./validation-issues.js"
import { readProxies } from "./proxies.js"
import { LONGEST_RUNNER_NAME, RUNNER_NAME } from "./runner-name.js"
import { Settings } from "./settings.js"
import { readTarget, type Target } from "./target.js"
import { type Cleaning, CLEANINGS, VARIABLES } from "./variables.js"
import { readWorkFolder } from "./work-folder.js"

/** The whole configuration of the runtime program, with defaults filled in and names from other images understood. */
export interface Configuration {
  /** What the runner works for. None with a configuration for one run, nor without registration. */
  target?: Target
  /** Address of the API, without a slash at its end: `https://api.github.com`. */
  api: string
  /** Address of the server: `https://github.com`. */
  server: string
  authentication: Authentication
  name: string
  labels: string[]
  noDefaultLabels: boolean
  /** The runner group; GitHub's own default when left out. */
  group?: string
  /** Absolute path of the folder that jobs work in. */
  workFolder: string
  ephemeral: boolean
  replace: boolean
  disableUpdate: boolean
  /** Whether the runner is taken off GitHub's list when the container ends. */
  deregister: boolean
  /** Folder that keeps a registration for the next container. */
  reuseFolder?: string
  skipRegistration: boolean
  gracefulStopSeconds: number
  waitForDockerSeconds: number
  startDocker: boolean
  startupDelaySeconds: number
  unsetConfigVars: boolean
  /** What is removed between jobs. */
  clean: Cleaning
  debug: boolean
  /** The runner type in metrics. */
  variant: string
  metrics: { enabled: boolean; port: number; file: string; updateSeconds: number; jobsLog: string }
  /** The user's own hooks, absolute paths. */
  hooks: { started?: string; completed?: string }
  /** Files and folders with certificate authorities. */
  caCertificates: string[]
  /** In a container that starts as root, whether the runner is root too; undefined when nothing is said. */
  runAsRoot?: boolean
  /** Whether the credential is discarded once the runner is registered. */
  forgetCredential: boolean
  /** Of the command `broker` alone. */
  broker?: BrokerSettings
}

/** Whose configuration is read: a runner's, or that of a broker, which registers runners of other containers. */
export type Role = "runner" | "broker"

export interface ReadConfiguration {
  configuration: Configuration
  warnings: string[]
  /** Texts that must appear nowhere. */
  secrets: string[]
  /** For the runner and its jobs: no secret is in it. */
  jobEnvironment: Record<string, string>
  /** The container's variables without its secrets. */
  publicEnvironment: Record<string, string>
}

const HIGHEST_PORT = 65_535
const UPDATED_CERTIFICATES = "/usr/local/share/ca-certificates"

/**
 * Reads the container's variables.
 *
 * @throws {RuntimeFailure} CONFIGURATION with all errors
 */
export function readConfiguration(
  given: Readonly<Record<string, string>>,
  host: Host,
  role: Role = "runner",
): ReadConfiguration {
  const settings = new Settings(given, host)
  const skipRegistration = settings.boolean("RUNNER_SKIP_REGISTRATION") ?? false
  // Nothing is registered then: people inspect their configuration this way, with placeholder tokens.
  const authentication = skipRegistration
    ? settings.leniently(() => readAuthentication(settings, host, false))
    : readAuthentication(settings, host, true)
  const bound = !skipRegistration && authentication.kind !== "jit" && authentication.kind !== "broker"
  const { target, servers } = readTarget(settings, bound)
  const grammaTonic = isGrammaTonic(settings, target)
  const { labels, alone } = readLabels(settings, host.image, grammaTonic ? [] : ["default"])
  const { name, generated } = readName(settings, host, grammaTonic)
  const unsetConfigVars = settings.boolean("UNSET_CONFIG_VARS") ?? true
  const group = settings.text("RUNNER_GROUP")
  // Examples of other images set one there all the same.
  const ungrouped = target?.scope === "repository" && group !== undefined && group.toLowerCase() !== "default"
  if (ungrouped) settings.warn(`RUNNER_GROUP has no effect: only organisations and enterprises have runner groups`)
  const runAsRoot = settings.boolean("RUN_AS_ROOT")
  if (runAsRoot && host.uid !== 0)
    settings.warn(
      `RUN_AS_ROOT has no effect: the container's user is ${host.uid}; start it with --user 0, or leave it out`,
    )
  const deregister = (settings.text("DISABLE_AUTOMATIC_DEREGISTRATION") ?? "false") === "false"
  const reuseFolder = settings.path("CONFIGURED_ACTIONS_RUNNER_FILES_DIR")
  if (reuseFolder !== undefined && deregister)
    settings.wrong(
      "CONFIGURED_ACTIONS_RUNNER_FILES_DIR",
      "keeps a registration that is deregistered when the container exits",
      "Set DISABLE_AUTOMATIC_DEREGISTRATION=true as well.",
    )
  const ephemeral = readEither(settings, "EPHEMERAL", "RUNNER_EPHEMERAL")
  const waitForDocker = settings.integer("WAIT_FOR_DOCKER_SECONDS", 0)
  const configuration: Configuration = {
    ...(target ? { target } : {}),
    ...servers,
    authentication,
    name,
    labels,
    noDefaultLabels: alone,
    // GitHub's own is called Default, in whichever case people write it.
    ...(group === undefined || group.toLowerCase() === "default" || ungrouped ? {} : { group }),
    workFolder: readWorkFolder(settings, host.image, name, grammaTonic),
    ephemeral,
    // A runner of a generated name is one that an earlier start of this very container left.
    replace: (settings.boolean("RUNNER_REPLACE_EXISTING") ?? true) || generated,
    disableUpdate: readEither(settings, "DISABLE_AUTO_UPDATE", "DISABLE_RUNNER_UPDATE"),
    deregister,
    ...(reuseFolder === undefined ? {} : { reuseFolder }),
    skipRegistration,
    gracefulStopSeconds: settings.integer("RUNNER_GRACEFUL_STOP_TIMEOUT", 15),
    waitForDockerSeconds: settings.boolean("DISABLE_WAIT_FOR_DOCKER") ? 0 : waitForDocker,
    startDocker: settings.boolean("START_DOCKER_SERVICE") ?? false,
    startupDelaySeconds: settings.integer("STARTUP_DELAY_IN_SECONDS", 0),
    unsetConfigVars,
    clean: readCleaning(settings, ephemeral || authentication.kind === "jit"),
    debug: settings.boolean("DEBUG_OUTPUT") ?? false,
    variant: settings.text("RUNNER_TYPE") ?? host.image.variant,
    metrics: {
      enabled: settings.boolean("METRICS_ENABLED") ?? true,
      port: settings.integer("METRICS_PORT", 9091, 1, HIGHEST_PORT),
      file: settings.path("METRICS_FILE") ?? "/tmp/runner_metrics.prom",
      updateSeconds: settings.integer("METRICS_UPDATE_INTERVAL", 30, 1),
      jobsLog: settings.path("JOBS_LOG") ?? "/tmp/jobs.log",
    },
    hooks: {
      ...readHook(settings, host, "ACTIONS_RUNNER_HOOK_JOB_STARTED", "started"),
      ...readHook(settings, host, "ACTIONS_RUNNER_HOOK_JOB_COMPLETED", "completed"),
    },
    caCertificates: readCertificates(settings, host),
    ...(runAsRoot === undefined ? {} : { runAsRoot }),
    forgetCredential: settings.boolean("FORGET_CREDENTIAL") ?? false,
    ...(role === "broker" && { broker: readBroker(settings, host, authentication) }),
  }
  for (const { name: unused, ignoredBecause: without } of VARIABLES)
    if (without !== undefined && settings.present(unused)) settings.warn(`${unused} has no effect: ${without}`)
  const proxies = readProxies(settings)
  settings.path("RUNNER_TOOL_CACHE")
  const secrets = [...new Set([...secretsOf(authentication), ...settings.secrets])]
  const hidden = hiddenVariables(settings, [...settings.secrets])
  if (settings.issues.length > 0) {
    // A missing setting may be there under a misspelt name.
    for (const { name: wrong, meant } of misspelt(settings.all))
      settings.wrong(wrong, "is unknown and has no effect", `Did you mean ${meant}?`)
    throw configurationFailure(settings.issues)
  }
  const environment = { ...settings.all, ...proxies }
  return {
    configuration,
    warnings: settings.warnings,
    secrets,
    jobEnvironment: jobEnvironment(environment, host.image, { hidden, unset: unsetConfigVars }),
    publicEnvironment: jobEnvironment(environment, host.image, { hidden, unset: false }),
  }
}

function readBroker(settings: Settings, host: Host, { kind }: Authentication): BrokerSettings {
  if (kind === "registration-token" || kind === "jit" || kind === "broker")
    settings.wrong(
      { "registration-token": "RUNNER_TOKEN", jit: "ACTIONS_RUNNER_INPUT_JITCONFIG", broker: "BROKER_URL" }[kind],
      "cannot register the runners of other containers",
      "Give the broker ACCESS_TOKEN, or APP_ID and APP_PRIVATE_KEY.",
    )
  return readBrokerSettings(settings, host)
}

/** @returns `generated`: no other container's runner has the name */
function readName(settings: Settings, host: Host, grammaTonic: boolean): { name: string; generated: boolean } {
  const given = settings.find("RUNNER_NAME")
  const prefix = settings.text("RUNNER_NAME_PREFIX")
  const usual = grammaTonic ? (host.image.variant === "standard" ? "docker-runner" : "chrome-runner") : "github-runner"
  const random = settings.text("RANDOM_RUNNER_SUFFIX") ?? (grammaTonic ? "false" : "true")
  const suffix = random === "true" ? host.identity() : host.hostname
  // An empty prefix means that no prefix is wanted.
  const name =
    given?.value ??
    (settings.isEmpty("RUNNER_NAME_PREFIX") && random !== "true" ? suffix : `${prefix ?? usual}-${suffix}`)
  const by = given?.name ?? (prefix === undefined ? "RUNNER_NAME" : "RUNNER_NAME_PREFIX")
  if (name.length > LONGEST_RUNNER_NAME)
    settings.wrong(
      by,
      `results in a name of ${name.length} characters`,
      `GitHub's limit is ${LONGEST_RUNNER_NAME}: set a shorter RUNNER_NAME.`,
    )
  else if (!RUNNER_NAME.test(name))
    settings.wrong(by, `results in the name "${name}"`, "Use letters, digits, dots, hyphens and underscores.")
  return { name, generated: given === undefined && random === "true" }
}

/** Reads a variable for which any value counts as yes, and a boolean that means the same. */
function readEither(settings: Settings, quirk: string, name: string): boolean {
  const anything = settings.anything(quirk)
  const said = settings.boolean(name)
  if (anything && said === false)
    settings.warn(`${quirk} is set and takes precedence; ${settings.find(name)?.name ?? name} says no and is ignored`)
  return anything || (said ?? false)
}

function readCleaning(settings: Settings, ephemeral: boolean): Cleaning {
  const clean = settings.choice("RUNNER_CLEAN", CLEANINGS, "off")
  if (!ephemeral || clean === "off") return clean
  settings.warn("RUNNER_CLEAN has no effect: this runner takes one job, and its container ends")
  return "off"
}

function readHook<Event extends string>(
  settings: Settings,
  host: Host,
  name: string,
  event: Event,
): Partial<Record<Event, string>> {
  const path = settings.path(name)
  if (path === undefined) return {}
  if (!host.exists(path))
    settings.wrong(name, `names ${path}, which does not exist`, "Mount the script, or leave the variable out.")
  else if (!/\.(sh|ps1)$/.test(path))
    settings.wrong(name, `names ${path}`, "The runner accepts only scripts whose names end in .sh.")
  return { [event]: path } as Partial<Record<Event, string>>
}

function readCertificates(settings: Settings, host: Host): string[] {
  const found = settings.find("EXTRA_CA_CERTS")
  const paths = found?.value.split(":").filter((path) => path !== "") ?? []
  for (const path of paths)
    if (!host.exists(path))
      settings.wrong(
        found?.name ?? "EXTRA_CA_CERTS",
        `names ${path}, which does not exist`,
        "Mount a PEM file, or a folder of them.",
      )
  return [...paths, ...(settings.boolean("RUNNER_UPDATE_CA_CERTS") ? [UPDATED_CERTIFICATES] : [])]
}

/** A configuration without its secrets. */
export type PublicConfiguration = Omit<Configuration, "authentication" | "broker">
