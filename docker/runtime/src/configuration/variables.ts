/** Whose image a name comes from: those who used that one find their settings understood here. */
export type Origin = "own" | "GrammaTonic" | "myoung34" | "ARC" | "tcardonne" | "SanderKnape" | "runner"

/**
 * How a value is read.
 *
 * `folder`: an absolute path, or one below the runner's home. `presence`: any value counts as yes, whatever it says. `unless-false`: everything but `false` counts as yes. Both are how the image that a
 * name comes from reads it.
 */
export type Kind = "text" | "boolean" | "integer" | "secret" | "path" | "list" | "folder" | "presence" | "unless-false"

export interface Variable {
  readonly name: string
  /** Other names of the same setting, tried in this order after the name itself. */
  readonly aliases?: readonly string[]
  readonly kind: Kind
  /** What it is when nothing is given, in words. */
  readonly otherwise?: string
  readonly meaning: string
  readonly group: Group
  readonly origins: readonly Origin[]
  /** Jobs see it whatever UNSET_CONFIG_VARS says: programs in the image or the runner read it. */
  readonly forJobs?: true
  /** Understood, and without effect here; a warning says so. */
  readonly without?: string
}

export const GROUPS = {
  target: "What the runner works for",
  authentication: "How it may register",
  broker: "The credential broker",
  runner: "The runner",
  life: "Start and end",
  docker: "Docker",
  jobs: "Jobs",
  network: "Network and trust",
  metrics: "Metrics",
  output: "Output",
  passed: "For the runner and for the browser, which get them as they are",
  others: "Of other images, without effect here",
} as const
export type Group = keyof typeof GROUPS

const table = [
  {
    name: "REPO_URL",
    aliases: ["RUNNER_REPOSITORY_URL", "ACTIONS_RUNNER_INPUT_URL"],
    kind: "text",
    meaning: "The repository: `https://github.com/OWNER/REPOSITORY`",
    group: "target",
    origins: ["myoung34", "tcardonne", "runner"],
  },
  {
    name: "GITHUB_REPOSITORY",
    aliases: ["RUNNER_REPO"],
    kind: "text",
    meaning: "The repository as `OWNER/REPOSITORY`; its name alone where GITHUB_OWNER or ORG_NAME has the owner",
    group: "target",
    origins: ["GrammaTonic", "ARC", "SanderKnape"],
  },
  {
    name: "GITHUB_OWNER",
    kind: "text",
    meaning: "Owner of the repository; without one, the organisation",
    group: "target",
    origins: ["SanderKnape"],
  },
  {
    name: "ORG_NAME",
    aliases: ["RUNNER_ORG"],
    kind: "text",
    meaning: "The organisation",
    group: "target",
    origins: ["myoung34", "ARC"],
  },
  {
    name: "RUNNER_ORGANIZATION_URL",
    kind: "text",
    meaning: "The organisation as `https://github.com/ORGANISATION`",
    group: "target",
    origins: ["tcardonne"],
  },
  {
    name: "ENTERPRISE_NAME",
    aliases: ["RUNNER_ENTERPRISE"],
    kind: "text",
    meaning: "The enterprise",
    group: "target",
    origins: ["myoung34", "ARC"],
  },
  {
    name: "RUNNER_SCOPE",
    kind: "text",
    otherwise: "what is named, a repository before an organisation before an enterprise",
    meaning: "`repo`, `org` or `ent`, where more than one is named. Words that begin so mean the same",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "ORG_RUNNER",
    kind: "boolean",
    meaning: "`true` is RUNNER_SCOPE=org",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "GITHUB_HOST",
    aliases: ["GITHUB_URL"],
    kind: "text",
    otherwise: "that of the repository's URL, else `github.com`",
    meaning: "The server: a name, or `http://NAME` for a server without TLS",
    group: "target",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "GITHUB_API_HOST",
    kind: "text",
    otherwise: "`api.github.com`, `api.NAME.ghe.com`, and the server itself for GitHub Enterprise Server",
    meaning: "Where the API is",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "GITHUB_API_PATH",
    kind: "text",
    otherwise: "`/`, and `/api/v3` for GitHub Enterprise Server",
    meaning: "The path that the API begins with",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "ACCESS_TOKEN",
    aliases: ["GITHUB_TOKEN", "GITHUB_PAT", "GITHUB_ACCESS_TOKEN", "ACTIONS_RUNNER_INPUT_PAT"],
    kind: "secret",
    meaning: "Personal access token, from which a fresh token is made for every operation",
    group: "authentication",
    origins: ["myoung34", "GrammaTonic", "SanderKnape", "tcardonne", "runner"],
  },
  {
    name: "RUNNER_TOKEN",
    aliases: ["ACTIONS_RUNNER_INPUT_TOKEN"],
    kind: "secret",
    meaning: "Registration token, which GitHub takes for an hour. The runner cannot be removed with it later",
    group: "authentication",
    origins: ["myoung34", "ARC", "tcardonne", "runner"],
  },
  {
    name: "APP_ID",
    kind: "text",
    meaning: "Id of a GitHub App, or its client id",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "APP_PRIVATE_KEY",
    kind: "secret",
    meaning: "The App's private key, as PEM; `\\n` may stand for the ends of lines",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "APP_LOGIN",
    kind: "text",
    otherwise: "the owner of the repository, or the organisation",
    meaning: "The account where the App is installed",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "ACTIONS_RUNNER_INPUT_JITCONFIG",
    aliases: ["JITCONFIG"],
    kind: "secret",
    meaning: "Configuration for one run, made by GitHub's API; nothing is registered then",
    group: "authentication",
    origins: ["runner"],
  },
  {
    name: "FORGET_CREDENTIAL",
    kind: "boolean",
    otherwise: "`false`",
    meaning:
      "Give the credential up once the runner is registered. The runner can then not be removed at the end: GitHub lists it as offline, and removes it in time",
    group: "authentication",
    origins: ["own"],
  },
  {
    name: "BROKER_URL",
    kind: "text",
    meaning:
      "The broker that registers this runner, in place of a credential: `unix:///run/runner-broker/broker.sock`, or `tls://NAME:PORT`",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_LISTEN",
    kind: "text",
    otherwise: "`unix:///run/runner-broker/broker.sock`",
    meaning: "For the command `broker`: where it listens, `unix:///PATH` or `tls://ADDRESS:PORT`",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_CA_FILE",
    kind: "path",
    meaning: "With `tls`: the certificate authority that the other side's certificate is from, as PEM",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_CERT_FILE",
    kind: "path",
    meaning: "With `tls`: this side's certificate, as PEM",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_KEY",
    kind: "secret",
    meaning: "With `tls`: the key of this side's certificate, as PEM; `\\n` may stand for the ends of lines",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_MAX_RUNNERS",
    kind: "integer",
    otherwise: "`100`",
    meaning: "For the command `broker`: how many runners it registers at a time",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_GRACE_SECONDS",
    kind: "integer",
    otherwise: "`120`",
    meaning:
      "For the command `broker`: how long a runner's container may be gone before the broker removes the runner, once GitHub lists it as offline",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "RUNNER_NAME",
    aliases: ["ACTIONS_RUNNER_INPUT_NAME"],
    kind: "text",
    otherwise: "RUNNER_NAME_PREFIX and a suffix",
    meaning: "The runner's name, at most 64 characters",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "RUNNER_NAME_PREFIX",
    kind: "text",
    otherwise: "`github-runner`; with GrammaTonic's variables alone `docker-runner` or `chrome-runner`",
    meaning: "What names begin with",
    group: "runner",
    origins: ["myoung34", "GrammaTonic"],
  },
  {
    name: "RANDOM_RUNNER_SUFFIX",
    kind: "text",
    otherwise: "`true`; with GrammaTonic's variables alone the host's name",
    meaning:
      "`true` for a suffix that no other container has, and that stays when the container is started again; anything else for the host's name",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_LABELS",
    aliases: ["LABELS", "ACTIONS_RUNNER_INPUT_LABELS"],
    kind: "list",
    otherwise: "the variant's own, see below",
    meaning:
      "Labels, with commas between them, beside `self-hosted`, `linux`, the machine's architecture and the variant",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "NO_DEFAULT_LABELS",
    kind: "presence",
    meaning: "Only the labels of RUNNER_LABELS",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_GROUP",
    aliases: ["RUNNER_GROUPS", "ACTIONS_RUNNER_INPUT_RUNNERGROUP"],
    kind: "text",
    otherwise: "`Default`",
    meaning: "The runner group, of an organisation or enterprise",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "RUNNER_WORKDIR",
    aliases: ["RUNNER_WORK_DIR", "RUNNER_WORK_DIRECTORY", "ACTIONS_RUNNER_INPUT_WORK"],
    kind: "folder",
    otherwise: "RUNNER_WORKDIR_ROOT/NAME; with GrammaTonic's variables alone `/home/runner/_work`",
    meaning: "Where jobs work",
    group: "runner",
    origins: ["myoung34", "GrammaTonic", "tcardonne"],
  },
  {
    name: "RUNNER_WORKDIR_ROOT",
    kind: "path",
    otherwise: "`/_work`",
    meaning: "The folder that has a folder for each runner's jobs",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "EPHEMERAL",
    kind: "presence",
    meaning: "Take one job and leave. Any value counts, `false` too",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_EPHEMERAL",
    aliases: ["ACTIONS_RUNNER_INPUT_EPHEMERAL"],
    kind: "boolean",
    otherwise: "`false`",
    meaning: "Take one job and leave",
    group: "runner",
    origins: ["GrammaTonic", "ARC"],
  },
  {
    name: "RUNNER_REPLACE_EXISTING",
    aliases: ["ACTIONS_RUNNER_INPUT_REPLACE"],
    kind: "boolean",
    otherwise: "`true`",
    meaning: "Take the place of a runner of the same name",
    group: "runner",
    origins: ["GrammaTonic", "tcardonne"],
  },
  {
    name: "DISABLE_AUTO_UPDATE",
    kind: "presence",
    meaning: "The runner stays at its version. GitHub gives it no jobs 30 days after a newer one",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "DISABLE_RUNNER_UPDATE",
    aliases: ["ACTIONS_RUNNER_INPUT_DISABLEUPDATE"],
    kind: "boolean",
    otherwise: "`false`",
    meaning: "The same, as a boolean",
    group: "runner",
    origins: ["ARC"],
  },
  {
    name: "RUNNER_TYPE",
    kind: "text",
    otherwise: "the image's variant",
    meaning: "What metrics call this kind of runner",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "DISABLE_AUTOMATIC_DEREGISTRATION",
    kind: "unless-false",
    otherwise: "`false`",
    meaning: "Leave the runner registered when the container ends. Anything but `false` counts",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "CONFIGURED_ACTIONS_RUNNER_FILES_DIR",
    kind: "path",
    meaning: "Folder that keeps the registration for the next container; needs DISABLE_AUTOMATIC_DEREGISTRATION=true",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_SKIP_REGISTRATION",
    aliases: ["DEBUG_ONLY"],
    kind: "boolean",
    otherwise: "`false`",
    meaning: "Start everything but the runner, and do not ask GitHub",
    group: "life",
    origins: ["GrammaTonic", "myoung34"],
  },
  {
    name: "RUNNER_GRACEFUL_STOP_TIMEOUT",
    kind: "integer",
    otherwise: "`15`",
    meaning: "Seconds that a job may go on after the container was told to stop",
    group: "life",
    origins: ["ARC"],
  },
  {
    name: "STARTUP_DELAY_IN_SECONDS",
    kind: "integer",
    otherwise: "`0`",
    meaning: "Seconds to wait before anything is done",
    group: "life",
    origins: ["ARC"],
  },
  {
    name: "RUN_AS_ROOT",
    kind: "boolean",
    otherwise: "`false`, where root may give itself away",
    meaning:
      "In a container that starts as root: `true` leaves the runner and its jobs root, which can reach every secret of the container; otherwise they are the user `runner`",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "ENV_FILE",
    kind: "path",
    meaning: "A file of further variables, `NAME=VALUE` a line. The container's own win",
    group: "life",
    origins: ["own"],
  },
  {
    name: "START_DOCKER_SERVICE",
    kind: "boolean",
    otherwise: "`false`",
    meaning:
      "Start a Docker daemon in the container, where the image has one; these images have none, and say what to do",
    group: "docker",
    origins: ["myoung34"],
  },
  {
    name: "WAIT_FOR_DOCKER_SECONDS",
    aliases: ["RUNNER_WAIT_FOR_DOCKER_IN_SECONDS"],
    kind: "integer",
    otherwise: "`0`",
    meaning: "Seconds to wait for the Docker daemon before the runner starts",
    group: "docker",
    origins: ["ARC", "runner"],
  },
  {
    name: "DISABLE_WAIT_FOR_DOCKER",
    kind: "boolean",
    otherwise: "`false`",
    meaning: "Do not wait for it, whatever WAIT_FOR_DOCKER_SECONDS says",
    group: "docker",
    origins: ["ARC"],
  },
  {
    name: "UNSET_CONFIG_VARS",
    kind: "boolean",
    otherwise: "`true`",
    meaning: "Hide all of these variables from jobs. Secrets are hidden whatever this says",
    group: "jobs",
    origins: ["myoung34"],
  },
  {
    name: "ACTIONS_RUNNER_HOOK_JOB_STARTED",
    kind: "path",
    meaning: "A script to run before each job, after those in `/etc/runner/hooks/started.d`",
    group: "jobs",
    origins: ["runner"],
  },
  {
    name: "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
    kind: "path",
    meaning: "A script to run after each job, after those in `/etc/runner/hooks/completed.d`",
    group: "jobs",
    origins: ["runner"],
  },
  {
    name: "RUNNER_TOOL_CACHE",
    aliases: ["RUNNER_TOOLSDIRECTORY", "AGENT_TOOLSDIRECTORY"],
    kind: "path",
    otherwise: "`/opt/hostedtoolcache`",
    meaning: "Where setup actions keep tools",
    group: "jobs",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "HTTPS_PROXY",
    aliases: ["https_proxy"],
    kind: "text",
    meaning: "Proxy for https; jobs get it in both spellings, as the other two",
    group: "network",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "HTTP_PROXY",
    aliases: ["http_proxy"],
    kind: "text",
    meaning: "Proxy for http",
    group: "network",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "NO_PROXY",
    aliases: ["no_proxy"],
    kind: "text",
    meaning: "Hosts that are reached without one",
    group: "network",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "EXTRA_CA_CERTS",
    aliases: ["NODE_EXTRA_CA_CERTS"],
    kind: "path",
    meaning:
      "Certificate authorities to trust besides the image's: a PEM file, or a folder of them. More than one with `:` between",
    group: "network",
    origins: ["own", "runner"],
  },
  {
    name: "RUNNER_UPDATE_CA_CERTS",
    kind: "boolean",
    otherwise: "`false`",
    meaning: "Trust what is mounted at `/usr/local/share/ca-certificates`",
    group: "network",
    origins: ["runner"],
  },
  {
    name: "METRICS_ENABLED",
    kind: "boolean",
    otherwise: "`true`",
    meaning: "Serve metrics and health",
    group: "metrics",
    origins: ["own"],
  },
  {
    name: "METRICS_PORT",
    kind: "integer",
    otherwise: "`9091`",
    meaning: "The port for `/metrics`, `/health` and `/ready`",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "METRICS_UPDATE_INTERVAL",
    kind: "integer",
    otherwise: "`30`",
    meaning: "Seconds between two writes of METRICS_FILE",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "METRICS_FILE",
    kind: "path",
    otherwise: "`/tmp/runner_metrics.prom`",
    meaning: "The metrics as a file",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "JOBS_LOG",
    kind: "path",
    otherwise: "`/tmp/jobs.log`",
    meaning: "A line for each job",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "DEBUG_OUTPUT",
    aliases: ["RUNNER_DEBUG"],
    kind: "boolean",
    otherwise: "`false`",
    meaning: "Print the configuration, secrets aside",
    group: "output",
    origins: ["myoung34", "GrammaTonic"],
  },
  {
    name: "ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT",
    kind: "text",
    meaning: "`1` prints the runner's own log",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER",
    kind: "text",
    meaning: "`true` refuses jobs that do not run in a container",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE",
    kind: "text",
    meaning: "Folder of archives of actions, which are not downloaded then",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "GITHUB_ACTIONS_RUNNER_TLS_NO_VERIFY",
    kind: "text",
    meaning: "`1`: the runner believes every certificate. EXTRA_CA_CERTS is the better way",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "CHROME_FLAGS",
    kind: "text",
    meaning: "Further flags for each start of the browser",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "DISPLAY",
    kind: "text",
    otherwise: "a virtual display for each browser that needs one",
    meaning: "The X display that browsers use; one that nobody serves counts as none",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_WIDTH",
    kind: "text",
    otherwise: "`1920`",
    meaning: "Width of a browser's virtual display, in pixels",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_HEIGHT",
    kind: "text",
    otherwise: "`1080`",
    meaning: "Its height",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_DEPTH",
    kind: "text",
    otherwise: "`24`",
    meaning: "Its colours, in bits for a pixel",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "ADDITIONAL_PACKAGES",
    kind: "text",
    meaning: "Packages to install at every start",
    group: "others",
    origins: ["SanderKnape"],
    without: "packages belong into the image: docs/VARIANTS.md shows a variant of one's own",
  },
  {
    name: "DOCKER_ENABLED",
    kind: "text",
    meaning: "Whether a Docker daemon is beside the runner",
    group: "others",
    origins: ["ARC"],
    without: "the Docker client finds its daemon by DOCKER_HOST or the socket; WAIT_FOR_DOCKER_SECONDS waits for it",
  },
  {
    name: "RUNNER_VERSION",
    kind: "text",
    meaning: "The runner's version",
    group: "others",
    origins: ["GrammaTonic"],
    without: "the version is that of the image's runner",
  },
  ...["JOB_STATE_DIR", "HOOK_LOG", "SERVER_LOG", "COLLECTOR_LOG"].map((name) => scriptFile(name)),
  ...["MTU", "DOCKER_REGISTRY_MIRROR", "DOCKER_INSECURE_REGISTRY"].map((name) => daemonSetting(name)),
  ...["DOCKER_DEFAULT_ADDRESS_POOL_BASE", "DOCKER_DEFAULT_ADDRESS_POOL_SIZE"].map((name) => daemonSetting(name)),
] as const satisfies readonly Variable[]

function daemonSetting(name: string): Variable {
  return {
    name,
    kind: "text",
    meaning: "A setting of the Docker daemon in the container",
    group: "others",
    origins: ["ARC"],
    without: "there is no Docker daemon in this image; give it to the daemon that the runner uses",
  }
}

function scriptFile(name: string): Variable {
  return {
    name,
    kind: "text",
    meaning: "Where a script writes its files or its log",
    group: "others",
    origins: ["GrammaTonic"],
    without: "there are no such scripts; the container's output has it all, and JOBS_LOG the jobs",
  }
}

/** Every setting of the runtime program. */
export const VARIABLES: readonly Variable[] = table

/** All names of a setting, in the order in which they are tried. */
export function namesOf({ name, aliases = [] }: Variable): string[] {
  return [name, ...aliases]
}

/**
 * One setting by its name.
 *
 * @throws Error when there is none: names are this program's own
 */
export function variable(name: string): Variable {
  const found = VARIABLES.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`there is no variable ${name}`)
  return found
}
