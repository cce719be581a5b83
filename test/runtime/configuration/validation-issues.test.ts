import { describe, expect, it } from "vitest"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { failureText, RuntimeFailure } from "../../../docker/runtime/src/failure.js"
import { hostWith } from "./host.js"

const REPOSITORY = { REPO_URL: "https://github.com/octo/cat" }
const TOKEN = { ACCESS_TOKEN: "ghp_secret1234" }
const BOTH = { ...REPOSITORY, ...TOKEN }
const SECRETS = ["ghp_secret1234", "AAAASECRET", "AAAABBBBCCCCDDDDEEEEFFFFGGGGH", "0therSECRET", "QUFBQVNFQ1JFV"]

const PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nAAAASECRET\n-----END PRIVATE KEY-----"
const as = (kind: string): string => PRIVATE_KEY.replaceAll("PRIVATE KEY", kind)
const base64 = (text: string): string => Buffer.from(text).toString("base64")

const files = {
  "/run/secrets/path": "/run/secrets/app.pem\n",
  "/run/secrets/quoted": '"ghp_secret1234"\n',
  "/run/secrets/empty": "\n",
  "/run/secrets/token": "ghp_secret1234\n",
  "/hooks/start.txt": "",
  "/etc/words": "ACCESS_TOKEN ghp_secret1234\n",
  "/tls/ca.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}

/** What a user got wrong, by what it is. */
const ISSUES: Record<string, Record<string, string>> = {
  "nothing at all": {},
  "no token": REPOSITORY,
  "no target": TOKEN,
  "a repository's URL that is none": { ...TOKEN, REPO_URL: "octo/cat" },
  "a repository's URL with too much": { ...TOKEN, REPO_URL: "https://github.com/octo/cat/tree/main" },
  "an organisation's page without its name": { ...TOKEN, REPO_URL: "https://github.com/orgs/" },
  "an organisation's URL of a repository": { ...TOKEN, RUNNER_ORGANIZATION_URL: "https://github.com/octo/cat" },
  "an organisation's URL of an enterprise": {
    ...TOKEN,
    RUNNER_ORGANIZATION_URL: "https://github.com/enterprises/ship",
  },
  "a URL with a token in it": { ...TOKEN, REPO_URL: "https://ghp_secret1234@github.com/octo/cat" },
  "a URL for git": { ...TOKEN, REPO_URL: "ssh://github.com/octo/cat" },
  "a repository without owner": { ...TOKEN, GITHUB_REPOSITORY: "cat" },
  "a repository with a path": { ...TOKEN, GITHUB_REPOSITORY: "octo/../cat" },
  "two repositories": { ...BOTH, GITHUB_REPOSITORY: "octo/dog" },
  "an organisation that is a URL": { ...TOKEN, ORG_NAME: "https://github.com/octo" },
  "a scope that is none": { ...BOTH, RUNNER_SCOPE: "team" },
  "a scope for something else": { ...BOTH, RUNNER_SCOPE: "org" },
  "a scope and nothing else": { ...TOKEN, RUNNER_SCOPE: "enterprise" },
  "two servers": { ...BOTH, GITHUB_HOST: "ghes.example.org" },
  "a server that is none": { ...TOKEN, GITHUB_REPOSITORY: "octo/cat", GITHUB_HOST: "not a host" },
  "GitHub without TLS": { ...TOKEN, REPO_URL: "http://github.com/octo/cat" },
  "a server with a path": { ...TOKEN, ORG_NAME: "octo", GITHUB_URL: "https://ghes.example.org/octo" },
  "an API with two paths": {
    ...TOKEN,
    ORG_NAME: "octo",
    GITHUB_HOST: "ghes.example.org",
    GITHUB_API_HOST: "https://ghes.example.org/api/v3",
    GITHUB_API_PATH: "/api/v4",
  },
  "a proxy that is none": { ...BOTH, HTTPS_PROXY: "http://someone:AAAASECRET@proxy example" },
  "a proxy with a domain's user": { ...BOTH, HTTPS_PROXY: "http://CORP\\user:AAAASECRET@proxy.example:3128" },
  "a proxy with a number sign in its password": {
    ...BOTH,
    HTTP_PROXY: "http://someone:AAAASECRET#1@proxy.example:3128",
  },
  "a proxy without a scheme and with a per cent sign": {
    ...BOTH,
    https_proxy: "someone:AAAASECRET%1@proxy.example:3128",
  },
  "proxies that differ by case, of which the second is none": {
    ...BOTH,
    HTTP_PROXY: "http://proxy.example:3128",
    http_proxy: "http://someone:AAAASECRET/1@proxy.example:3128",
  },
  "a proxy with a path": { ...BOTH, HTTP_PROXY: "http://proxy.example:3128/proxy.pac" },
  "a proxy with another scheme": { ...BOTH, HTTP_PROXY: "ftp://proxy.example:21" },
  "a relative tool cache": { ...BOTH, AGENT_TOOLSDIRECTORY: "tools" },
  "a token with a line end inside": { ...REPOSITORY, ACCESS_TOKEN: "ghp_secret1234\nghp_secret1234" },
  "a secret twice": { ...BOTH, ACCESS_TOKEN_FILE: "/run/secrets/token" },
  "a secret file that is not there": { ...REPOSITORY, ACCESS_TOKEN_FILE: "/run/secrets/tokn" },
  "a secret file that is empty": { ...REPOSITORY, ACCESS_TOKEN_FILE: "/run/secrets/empty" },
  "an App and a token": {
    ...BOTH,
    APP_ID: "12345",
    APP_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\\nAAAASECRET\\n-----END PRIVATE KEY-----",
  },
  "an App without its key": { ...REPOSITORY, APP_ID: "12345" },
  "a key without its App": {
    ...REPOSITORY,
    APP_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\\nAAAASECRET\\n-----END PRIVATE KEY-----",
  },
  "an App's name in place of its id": {
    ...REPOSITORY,
    APP_ID: "my-app",
    APP_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\\nAAAASECRET\\n-----END PRIVATE KEY-----",
  },
  "a key that is none": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: "AAAASECRET" },
  "a key's path": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: "/run/secrets/app.pem" },
  "a key's path in its home": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: "~/app.pem" },
  "a file with a key's path in it": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY_FILE: "/run/secrets/path" },
  "a key in base64": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: base64(PRIVATE_KEY) },
  "a key in base64 with line ends": {
    ...REPOSITORY,
    APP_ID: "12345",
    APP_PRIVATE_KEY: base64(PRIVATE_KEY).replace(/(.{8})/g, "$1\n"),
  },
  "a key without its first and last line": {
    ...REPOSITORY,
    APP_ID: "12345",
    APP_PRIVATE_KEY: "MIIEowIBAAKCAQEA0therSECRET",
  },
  "a key that is cut off": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: PRIVATE_KEY.slice(0, 40) },
  "a quoted key": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: `"${PRIVATE_KEY}"` },
  "a key with a passphrase": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: as("ENCRYPTED PRIVATE KEY") },
  "a public key": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: as("PUBLIC KEY") },
  "a key of SSH": { ...REPOSITORY, APP_ID: "12345", APP_PRIVATE_KEY: as("OPENSSH PRIVATE KEY") },
  "a key of a broker that is a path": {
    BROKER_URL: "tls://broker.example:8443",
    BROKER_KEY: "/tls/key.pem",
    BROKER_CERT_FILE: "/tls/ca.pem",
    BROKER_CA_FILE: "/tls/ca.pem",
  },
  "a quoted token": { ...REPOSITORY, ACCESS_TOKEN: "'ghp_secret1234'" },
  "a quoted token in a file": { ...REPOSITORY, ACCESS_TOKEN_FILE: "/run/secrets/quoted" },
  "other quoted values": { ...BOTH, REPO_URL: '"https://github.com/octo/cat"', RUNNER_EPHEMERAL: "'true'" },
  "a personal token for registration": { ...REPOSITORY, RUNNER_TOKEN: "ghp_secret1234" },
  "a configuration for one run and a token": { ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=", ...TOKEN },
  "a configuration for one run and an App": {
    ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=",
    APP_ID: "12345",
    APP_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\\nAAAASECRET\\n-----END PRIVATE KEY-----",
  },
  "a configuration for one run that is none": { ACTIONS_RUNNER_INPUT_JITCONFIG: "{not base64}" },
  "a boolean that is none": { ...BOTH, RUNNER_EPHEMERAL: "maybe" },
  "a number that is none": { ...BOTH, METRICS_PORT: "90a1" },
  "a number that is too large": { ...BOTH, METRICS_PORT: "99999" },
  "a negative number": { ...BOTH, RUNNER_GRACEFUL_STOP_TIMEOUT: "-1" },
  "a word that is no choice": { ...BOTH, RUNNER_CLEAN: "everything" },
  "a relative path": { ...BOTH, JOBS_LOG: "jobs.log" },
  "a work folder that leads out": { ...BOTH, RUNNER_WORK_DIRECTORY: "../../etc" },
  "a work folder that is the runner's own": { ...BOTH, RUNNER_WORKDIR: "." },
  "a name that is too long": { ...BOTH, RUNNER_NAME: "n".repeat(65) },
  "a name with spaces": { ...BOTH, RUNNER_NAME: "my runner" },
  "an empty label": { ...BOTH, RUNNER_LABELS: "a,,b" },
  "a label that is too long": { ...BOTH, RUNNER_LABELS: "l".repeat(257) },
  "no label at all": { ...BOTH, NO_DEFAULT_LABELS: "1" },
  "a kept registration that is taken back": { ...BOTH, CONFIGURED_ACTIONS_RUNNER_FILES_DIR: "/runner/data" },
  "a hook that is not there": { ...BOTH, ACTIONS_RUNNER_HOOK_JOB_STARTED: "/hooks/start.sh" },
  "a hook that is no script": { ...BOTH, ACTIONS_RUNNER_HOOK_JOB_STARTED: "/hooks/start.txt" },
  "certificates that are not there": { ...BOTH, EXTRA_CA_CERTS: "/certificates" },
  "a file of variables that is not there": { ...BOTH, ENV_FILE: "/etc/runner.env" },
  "a file of variables without any": { ...BOTH, ENV_FILE: "/etc/words" },
  "a secret in the wrong place": { ...REPOSITORY, APP_ID: "12345", METRICS_PORT: "AAAABBBBCCCCDDDDEEEEFFFFGGGGH" },
  "a secret in two places": { ...REPOSITORY, RUNNER_TOKEN: "0therSECRET", RUNNER_LABELS: "0therSECRET,," },
  "a broker and a token": { ...TOKEN, BROKER_URL: "unix:///run/broker.sock" },
  "a broker's address that is none": { BROKER_URL: "https://broker.example" },
  "a broker's socket by a relative path": { BROKER_URL: "unix://run/broker.sock" },
  "a broker's socket by a path that is too long": { BROKER_URL: `unix:///${"s".repeat(120)}` },
  "a broker's port that is none": { BROKER_URL: "tls://broker.example:99999" },
  "a broker by TLS and nothing to show": { BROKER_URL: "tls://broker.example:8443" },
  "a broker by TLS with files that are none": {
    BROKER_URL: "tls://[::1]:8443",
    BROKER_KEY_FILE: "/tls/key.pem",
    BROKER_CERT_FILE: "/etc/words",
    BROKER_CA_FILE: "/tls/missing.pem",
  },
  "a target under a misspelt name": { ...TOKEN, REPO_ULR: "https://github.com/octo/cat" },
  "three at once": { REPO_URL: "octo", METRICS_ENABLED: "perhaps", METRICS_PORT: "0" },
}

/** What somebody got wrong who starts a broker. */
const BROKERS: Record<string, Record<string, string>> = {
  "a broker with nothing at all": {},
  "a broker with a registration token": { ...REPOSITORY, RUNNER_TOKEN: "AAAABBBBCCCCDDDDEEEEFFFFGGGGH" },
  "a broker with a configuration for one run": { ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=" },
  "a broker of a broker": { BROKER_URL: "unix:///run/broker.sock" },
  "a broker that listens nowhere": { ...BOTH, BROKER_LISTEN: "0.0.0.0:8443" },
  "a broker by TLS without a key": { ...BOTH, BROKER_LISTEN: "tls://0.0.0.0:8443", BROKER_CA_FILE: "/tls/ca.pem" },
  "a broker of no runners, and without a grace period": { ...BOTH, BROKER_MAX_RUNNERS: "0", BROKER_GRACE_SECONDS: "0" },
}

const ALL = { ...ISSUES, ...BROKERS }

function failureOf(environment: Record<string, string>): RuntimeFailure {
  try {
    readConfiguration(environment, hostWith(files), Object.values(BROKERS).includes(environment) ? "broker" : "runner")
  } catch (error) {
    if (error instanceof RuntimeFailure) return error
    throw error
  }
  throw new Error("nothing was found wrong")
}

describe("a wrong configuration", () => {
  it("is told in full, each in its own words", async () => {
    const told = Object.entries(ALL).map(([what, environment]) => {
      const failure = failureOf(environment)
      return `${what}: exit code ${failure.exitCode}\n${failureText(failure)}`
    })
    await expect(told.join("\n")).toMatchFileSnapshot("validation-issues.txt")
  })

  it.each(Object.keys(ALL))("shows no secret: %s", (what) => {
    const { message, remedy } = failureOf(ALL[what] ?? {})
    for (const secret of SECRETS) expect(message + remedy).not.toContain(secret)
  })

  it.each(Object.keys(ALL))("ends with the code for configurations: %s", (what) => {
    expect(failureOf(ALL[what] ?? {})).toMatchObject({ code: "CONFIGURATION", exitCode: 10 })
  })
})
