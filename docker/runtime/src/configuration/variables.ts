/** The image that a name comes from: settings for that image are understood here. */
export type Origin = "own" | "GrammaTonic" | "myoung34" | "ARC" | "tcardonne" | "SanderKnape" | "runner"

/**
 * How a value is read.
 *
 * `folder`: an absolute path, or one below the runner's home. `presence`: any value counts as yes, whatever it says. `unless-false`: everything but `false` counts as yes. Both are how the image that a
 * name comes from reads it. `choice`: one of a few words.
 */
export type Kind =
  "text" | "boolean" | "integer" | "secret" | "path" | "list" | "folder" | "presence" | "unless-false" | "choice"

/** What is removed between the jobs of a persistent runner: nothing, the jobs' folders, or all that they left. */
export const CLEANINGS = ["off", "work", "all"] as const
export type Cleaning = (typeof CLEANINGS)[number]

export interface Variable {
  readonly name: string
  /** Other names of the same setting, tried in this order after the name itself. */
  readonly aliases?: readonly string[]
  readonly kind: Kind
  /** The words of a choice. */
  readonly choices?: readonly string[]
  /** The default, in words. */
  readonly defaultText?: string
  readonly meaning: string
  readonly group: Group
  readonly origins: readonly Origin[]
  /** Jobs see it whatever UNSET_CONFIG_VARS says: programs in the image or the runner read it. */
  readonly forJobs?: true
  /** Understood, and without effect here; a warning says so. */
  readonly ignoredBecause?: string
}

export const GROUPS = {
  target: "Target",
  authentication: "Authentication",
  broker: "The credential broker",
  runner: "The runner",
  life: "Start and stop",
  docker: "Docker",
  jobs: "Jobs",
  network: "Network and trust",
  metrics: "Metrics",
  output: "Output",
  passed: "Passed unchanged to the runner and the browser",
  others: "From other images, without effect here",
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
    meaning: "The repository as `OWNER/REPOSITORY`, or just its name if GITHUB_OWNER or ORG_NAME names the owner",
    group: "target",
    origins: ["GrammaTonic", "ARC", "SanderKnape"],
  },
  {
    name: "GITHUB_OWNER",
    kind: "text",
    meaning: "The repository's owner; the organisation if no repository is set",
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
    meaning: "The organisation as `https://github.com/ORGANISATION`, or the address of any of its pages",
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
    defaultText: "the target that is set: repository, then organisation, then enterprise",
    meaning:
      "`repo`, `org` or `ent`, if more than one target is set. Longer words that begin with these are accepted too",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "ORG_RUNNER",
    kind: "boolean",
    meaning: "`true` means RUNNER_SCOPE=org",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "GITHUB_HOST",
    aliases: ["GITHUB_URL"],
    kind: "text",
    defaultText: "the server in the repository's URL, otherwise `github.com`",
    meaning: "The GitHub server: a host name, or `http://NAME` for a server without TLS",
    group: "target",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "GITHUB_API_HOST",
    kind: "text",
    defaultText: "`api.github.com`, `api.NAME.ghe.com`, or the server itself for GitHub Enterprise Server",
    meaning: "Host of the API",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "GITHUB_API_PATH",
    kind: "text",
    defaultText: "`/`, or `/api/v3` for GitHub Enterprise Server",
    meaning: "Path prefix of the API",
    group: "target",
    origins: ["myoung34"],
  },
  {
    name: "ACCESS_TOKEN",
    aliases: ["GITHUB_TOKEN", "GITHUB_PAT", "GITHUB_ACCESS_TOKEN", "ACTIONS_RUNNER_INPUT_PAT"],
    kind: "secret",
    meaning: "Personal access token, used to request a fresh token for every operation",
    group: "authentication",
    origins: ["myoung34", "GrammaTonic", "SanderKnape", "tcardonne", "runner"],
  },
  {
    name: "RUNNER_TOKEN",
    aliases: ["ACTIONS_RUNNER_INPUT_TOKEN"],
    kind: "secret",
    meaning: "Registration token, valid for one hour. It cannot be used to deregister the runner later",
    group: "authentication",
    origins: ["myoung34", "ARC", "tcardonne", "runner"],
  },
  {
    name: "APP_ID",
    kind: "text",
    meaning: "ID or client ID of a GitHub App",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "APP_PRIVATE_KEY",
    kind: "secret",
    meaning: "The App's private key in PEM format; `\\n` may be used for line breaks",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "APP_LOGIN",
    kind: "text",
    defaultText: "the repository's owner, or the organisation",
    meaning: "The account in which the App is installed",
    group: "authentication",
    origins: ["myoung34"],
  },
  {
    name: "ACTIONS_RUNNER_INPUT_JITCONFIG",
    aliases: ["JITCONFIG"],
    kind: "secret",
    meaning: "Just-in-time configuration for one run, created by GitHub's API; the container then registers nothing",
    group: "authentication",
    origins: ["runner"],
  },
  {
    name: "FORGET_CREDENTIAL",
    kind: "boolean",
    defaultText: "`false`",
    meaning:
      "Discard the credential once the runner is registered. The runner can then not deregister on exit: GitHub lists it as offline and removes it later",
    group: "authentication",
    origins: ["own"],
  },
  {
    name: "BROKER_URL",
    kind: "text",
    meaning:
      "The broker that registers this runner, instead of a credential: `unix:///run/runner-broker/broker.sock` or `tls://NAME:PORT`",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_LISTEN",
    kind: "text",
    defaultText: "`unix:///run/runner-broker/broker.sock`",
    meaning: "For the command `broker`: the address to listen on, `unix:///PATH` or `tls://ADDRESS:PORT`",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_CA_FILE",
    kind: "path",
    meaning: "With `tls`: the certificate authority that signed the other side's certificate, in PEM format",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_CERT_FILE",
    kind: "path",
    meaning: "With `tls`: this side's certificate, in PEM format",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_KEY",
    kind: "secret",
    meaning: "With `tls`: the key of this side's certificate, in PEM format; `\\n` may be used for line breaks",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_MAX_RUNNERS",
    kind: "integer",
    defaultText: "`100`",
    meaning: "For the command `broker`: the maximum number of runners registered at the same time",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "BROKER_GRACE_SECONDS",
    kind: "integer",
    defaultText: "`120`",
    meaning:
      "For the command `broker`: seconds that a runner's container may be gone before the broker removes the runner, once GitHub lists it as offline",
    group: "broker",
    origins: ["own"],
  },
  {
    name: "RUNNER_NAME",
    aliases: ["ACTIONS_RUNNER_INPUT_NAME"],
    kind: "text",
    defaultText: "RUNNER_NAME_PREFIX and a suffix",
    meaning: "The runner's name, at most 64 characters",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "RUNNER_NAME_PREFIX",
    kind: "text",
    defaultText: "`github-runner`; `docker-runner` or `chrome-runner` if only GrammaTonic's variables are used",
    meaning: "Prefix of generated names",
    group: "runner",
    origins: ["myoung34", "GrammaTonic"],
  },
  {
    name: "RANDOM_RUNNER_SUFFIX",
    kind: "text",
    defaultText: "`true`; the host name if only GrammaTonic's variables are used",
    meaning:
      "`true` for a random suffix that is unique to the container and survives its restart; anything else for the host name",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_LABELS",
    aliases: ["LABELS", "ACTIONS_RUNNER_INPUT_LABELS"],
    kind: "list",
    defaultText: "the variant's own labels, see below",
    meaning:
      "Comma-separated labels, in addition to `self-hosted`, `linux`, the machine's architecture and the variant",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "NO_DEFAULT_LABELS",
    kind: "presence",
    meaning: "Set only the labels in RUNNER_LABELS",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_GROUP",
    aliases: ["RUNNER_GROUPS", "ACTIONS_RUNNER_INPUT_RUNNERGROUP"],
    kind: "text",
    defaultText: "`Default`",
    meaning: "The runner group of an organisation or enterprise",
    group: "runner",
    origins: ["GrammaTonic", "myoung34", "ARC"],
  },
  {
    name: "RUNNER_WORKDIR",
    aliases: ["RUNNER_WORK_DIR", "RUNNER_WORK_DIRECTORY", "ACTIONS_RUNNER_INPUT_WORK"],
    kind: "folder",
    defaultText: "RUNNER_WORKDIR_ROOT/NAME; `/home/runner/_work` if only GrammaTonic's variables are used",
    meaning: "The work folder of jobs",
    group: "runner",
    origins: ["myoung34", "GrammaTonic", "tcardonne"],
  },
  {
    name: "RUNNER_WORKDIR_ROOT",
    kind: "path",
    defaultText: "`/_work`",
    meaning: "The folder that contains one work folder for each runner",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "EPHEMERAL",
    kind: "presence",
    meaning: "Take one job, then deregister and exit. Any value turns this on, even `false`",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_EPHEMERAL",
    aliases: ["ACTIONS_RUNNER_INPUT_EPHEMERAL"],
    kind: "boolean",
    defaultText: "`false`",
    meaning: "Take one job, then deregister and exit",
    group: "runner",
    origins: ["GrammaTonic", "ARC"],
  },
  {
    name: "RUNNER_REPLACE_EXISTING",
    aliases: ["ACTIONS_RUNNER_INPUT_REPLACE"],
    kind: "boolean",
    defaultText: "`true`",
    meaning: "Replace a registered runner that has the same name",
    group: "runner",
    origins: ["GrammaTonic", "tcardonne"],
  },
  {
    name: "DISABLE_AUTO_UPDATE",
    kind: "presence",
    meaning: "Do not let the runner update itself. GitHub sends it no jobs 30 days after a newer version was released",
    group: "runner",
    origins: ["myoung34"],
  },
  {
    name: "DISABLE_RUNNER_UPDATE",
    aliases: ["ACTIONS_RUNNER_INPUT_DISABLEUPDATE"],
    kind: "boolean",
    defaultText: "`false`",
    meaning: "The same, as a boolean",
    group: "runner",
    origins: ["ARC"],
  },
  {
    name: "RUNNER_TYPE",
    kind: "text",
    defaultText: "the image's variant",
    meaning: "The runner type shown in metrics",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "DISABLE_AUTOMATIC_DEREGISTRATION",
    kind: "unless-false",
    defaultText: "`false`",
    meaning: "Leave the runner registered when the container exits. Any value except `false` turns this on",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "CONFIGURED_ACTIONS_RUNNER_FILES_DIR",
    kind: "path",
    meaning:
      "Folder that keeps the registration for the next container; requires DISABLE_AUTOMATIC_DEREGISTRATION=true",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "RUNNER_SKIP_REGISTRATION",
    aliases: ["DEBUG_ONLY"],
    kind: "boolean",
    defaultText: "`false`",
    meaning: "Start everything except the runner, without contacting GitHub",
    group: "life",
    origins: ["GrammaTonic", "myoung34"],
  },
  {
    name: "RUNNER_GRACEFUL_STOP_TIMEOUT",
    kind: "integer",
    defaultText: "`15`",
    meaning: "Seconds that a running job may continue after the container is asked to stop",
    group: "life",
    origins: ["ARC"],
  },
  {
    name: "STARTUP_DELAY_IN_SECONDS",
    kind: "integer",
    defaultText: "`0`",
    meaning: "Seconds to wait before doing anything",
    group: "life",
    origins: ["ARC"],
  },
  {
    name: "RUN_AS_ROOT",
    kind: "boolean",
    defaultText: "`false`, if root may drop its privileges",
    meaning:
      "In a container that starts as root: `true` runs the runner and its jobs as root, so that jobs can reach every secret of the container; otherwise they run as the user `runner`",
    group: "life",
    origins: ["myoung34"],
  },
  {
    name: "ENV_FILE",
    kind: "path",
    meaning: "A file with further variables, one `NAME=VALUE` per line. The container's own variables take precedence",
    group: "life",
    origins: ["own"],
  },
  {
    name: "START_DOCKER_SERVICE",
    kind: "boolean",
    defaultText: "`false`",
    meaning:
      "Start a Docker daemon in the container. These images contain none; the container exits and says what to do instead",
    group: "docker",
    origins: ["myoung34"],
  },
  {
    name: "WAIT_FOR_DOCKER_SECONDS",
    aliases: ["RUNNER_WAIT_FOR_DOCKER_IN_SECONDS"],
    kind: "integer",
    defaultText: "`0`",
    meaning: "Seconds to wait for the Docker daemon before the runner starts",
    group: "docker",
    origins: ["ARC", "runner"],
  },
  {
    name: "DISABLE_WAIT_FOR_DOCKER",
    kind: "boolean",
    defaultText: "`false`",
    meaning: "Do not wait for the Docker daemon, whatever WAIT_FOR_DOCKER_SECONDS is set to",
    group: "docker",
    origins: ["ARC"],
  },
  {
    name: "UNSET_CONFIG_VARS",
    kind: "boolean",
    defaultText: "`true`",
    meaning: "Hide all variables on this page from jobs. Secrets are always hidden",
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
    name: "RUNNER_CLEAN",
    kind: "choice",
    choices: CLEANINGS,
    defaultText: "`off`",
    meaning:
      "What a runner that takes several jobs removes after each: with `work` the job's folders in the work folder; with `all` also its processes, its temporary files, and its containers by their label, see below",
    group: "jobs",
    origins: ["own"],
  },
  {
    name: "RUNNER_TOOL_CACHE",
    aliases: ["RUNNER_TOOLSDIRECTORY", "AGENT_TOOLSDIRECTORY"],
    kind: "path",
    defaultText: "`/opt/hostedtoolcache`",
    meaning: "The folder in which setup actions cache tools",
    group: "jobs",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "HTTPS_PROXY",
    aliases: ["https_proxy"],
    kind: "text",
    meaning:
      "Proxy for https: `http://NAME:PORT`, or `NAME:PORT`. Jobs get all proxy variables in upper and lower case, with the scheme",
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
    meaning: "Hosts to reach without a proxy: names and domains. The runner understands no address ranges",
    group: "network",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "EXTRA_CA_CERTS",
    aliases: ["NODE_EXTRA_CA_CERTS"],
    kind: "path",
    meaning:
      "Certificate authorities to trust in addition to the image's: a PEM file or a folder of PEM files; separate several with `:`",
    group: "network",
    origins: ["own", "runner"],
  },
  {
    name: "RUNNER_UPDATE_CA_CERTS",
    kind: "boolean",
    defaultText: "`false`",
    meaning:
      "Certificates in `/usr/local/share/ca-certificates` are trusted in any case, like those in the system's bundle; `true` makes one that cannot be read an error instead of a warning",
    group: "network",
    origins: ["runner"],
  },
  {
    name: "METRICS_ENABLED",
    kind: "boolean",
    defaultText: "`true`",
    meaning: "Serve metrics and health",
    group: "metrics",
    origins: ["own"],
  },
  {
    name: "METRICS_PORT",
    kind: "integer",
    defaultText: "`9091`",
    meaning: "The port for `/metrics`, `/health` and `/ready`",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "METRICS_UPDATE_INTERVAL",
    kind: "integer",
    defaultText: "`30`",
    meaning: "Seconds between updates of METRICS_FILE",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "METRICS_FILE",
    kind: "path",
    defaultText: "`/tmp/runner_metrics.prom`",
    meaning: "File to write the metrics to",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "JOBS_LOG",
    kind: "path",
    defaultText: "`/tmp/jobs.log`",
    meaning: "Log file with one line per job",
    group: "metrics",
    origins: ["GrammaTonic"],
  },
  {
    name: "DEBUG_OUTPUT",
    aliases: ["RUNNER_DEBUG"],
    kind: "boolean",
    defaultText: "`false`",
    meaning: "Print the configuration, without secrets",
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
    meaning: "Folder with archives of actions, which are then not downloaded",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "GITHUB_ACTIONS_RUNNER_TLS_NO_VERIFY",
    kind: "text",
    meaning: "`1` makes the runner accept every certificate. Prefer EXTRA_CA_CERTS",
    group: "passed",
    origins: ["runner"],
    forJobs: true,
  },
  {
    name: "CHROME_FLAGS",
    kind: "text",
    meaning: "Additional flags for every start of the browser",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "DISPLAY",
    kind: "text",
    defaultText: "a virtual display for each browser that needs one",
    meaning: "The X display that browsers use; a display without a server is ignored",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_WIDTH",
    kind: "text",
    defaultText: "`1920`",
    meaning: "Width of a browser's virtual display, in pixels",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_HEIGHT",
    kind: "text",
    defaultText: "`1080`",
    meaning: "Height of a browser's virtual display, in pixels",
    group: "passed",
    origins: ["GrammaTonic"],
    forJobs: true,
  },
  {
    name: "SCREEN_DEPTH",
    kind: "text",
    defaultText: "`24`",
    meaning: "Colour depth of a browser's virtual display, in bits per pixel",
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
    ignoredBecause: "build packages into the image with a custom variant, see docs/VARIANTS.md",
  },
  {
    name: "DOCKER_ENABLED",
    kind: "text",
    meaning: "Whether a Docker daemon runs next to the runner",
    group: "others",
    origins: ["ARC"],
    ignoredBecause:
      "the Docker client finds its daemon by DOCKER_HOST or the socket; WAIT_FOR_DOCKER_SECONDS waits for it",
  },
  {
    name: "RUNNER_VERSION",
    kind: "text",
    meaning: "The runner's version",
    group: "others",
    origins: ["GrammaTonic"],
    ignoredBecause: "the image determines the runner's version",
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
    ignoredBecause: "there is no Docker daemon in this image; give it to the daemon that the runner uses",
  }
}

function scriptFile(name: string): Variable {
  return {
    name,
    kind: "text",
    meaning: "Files or log of a script",
    group: "others",
    origins: ["GrammaTonic"],
    ignoredBecause: "there are no such scripts; the container's output contains everything, and JOBS_LOG the jobs",
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
