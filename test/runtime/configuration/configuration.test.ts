import { createPrivateKey } from "node:crypto"
import { describe, expect, it } from "vitest"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import type { ImageFacts } from "../../../docker/runtime/src/image-facts.js"
import { hostWith } from "./host.js"
import { rsaKeyPair } from "../../rsa-key-pair.js"

const BOTH = { REPO_URL: "https://github.com/octo/cat", ACCESS_TOKEN: "ghp_secret1234" }
const KEY = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"

const read = (
  environment: Record<string, string>,
  files: Record<string, string> = {},
  image: Partial<ImageFacts> = {},
) => readConfiguration(environment, hostWith(files, image))
const configurationOf = (...all: Parameters<typeof read>) => read(...all).configuration

describe("the target", () => {
  const token = { ACCESS_TOKEN: "ghp_secret1234" }
  it.each<[string, Record<string, string>, string]>([
    [
      "a repository by URL",
      { REPO_URL: "https://github.com/octo/cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "a repository by URL for git",
      { REPO_URL: "https://github.com/octo/cat.git" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "tcardonne's repository",
      { RUNNER_REPOSITORY_URL: "https://github.com/octo/cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "GrammaTonic's repository",
      { GITHUB_REPOSITORY: "octo/cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "ARC's repository",
      { RUNNER_REPO: "octo/cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "SanderKnape's repository",
      { GITHUB_OWNER: "octo", GITHUB_REPOSITORY: "cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "SanderKnape's organisation",
      { GITHUB_OWNER: "octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation",
      { RUNNER_SCOPE: "org", ORG_NAME: "octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation in the old way",
      { ORG_RUNNER: "true", ORG_NAME: "octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation without scope",
      { ORG_NAME: "octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "tcardonne's organisation",
      { RUNNER_ORGANIZATION_URL: "https://github.com/octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation by its page",
      { REPO_URL: "https://github.com/orgs/octo" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation by the page of its settings",
      { RUNNER_ORGANIZATION_URL: "https://github.com/organizations/octo/settings/actions/runners/new" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "an organisation by its page on another server, with its scope",
      { RUNNER_SCOPE: "org", REPO_URL: "https://ghes.example.org/Organizations/octo/" },
      "organization https://ghes.example.org/octo orgs/octo https://ghes.example.org/api/v3",
    ],
    [
      "an enterprise by the page of its settings",
      { REPO_URL: "https://github.com/enterprises/ship/settings/actions/runners" },
      "enterprise https://github.com/enterprises/ship enterprises/ship https://api.github.com",
    ],
    [
      "an enterprise",
      { RUNNER_SCOPE: "Enterprise", ENTERPRISE_NAME: "ship" },
      "enterprise https://github.com/enterprises/ship enterprises/ship https://api.github.com",
    ],
    [
      "an enterprise by its URL",
      { REPO_URL: "https://github.com/enterprises/ship" },
      "enterprise https://github.com/enterprises/ship enterprises/ship https://api.github.com",
    ],
    [
      "the runner's own input",
      { ACTIONS_RUNNER_INPUT_URL: "https://github.com/octo/cat" },
      "repository https://github.com/octo/cat repos/octo/cat https://api.github.com",
    ],
    [
      "a scope that chooses",
      { RUNNER_SCOPE: "organisation", ORG_NAME: "octo", REPO_URL: "https://github.com/octo/cat" },
      "organization https://github.com/octo orgs/octo https://api.github.com",
    ],
    [
      "a server of one's own",
      { GITHUB_HOST: "ghes.example.org", GITHUB_REPOSITORY: "octo/cat" },
      "repository https://ghes.example.org/octo/cat repos/octo/cat https://ghes.example.org/api/v3",
    ],
    [
      "a server by the repository's URL",
      { REPO_URL: "https://ghes.example.org/octo/cat" },
      "repository https://ghes.example.org/octo/cat repos/octo/cat https://ghes.example.org/api/v3",
    ],
    [
      "ARC's server",
      { GITHUB_URL: "https://ghes.example.org/", RUNNER_ORG: "octo" },
      "organization https://ghes.example.org/octo orgs/octo https://ghes.example.org/api/v3",
    ],
    [
      "a server with its own API",
      {
        GITHUB_HOST: "https://ghes.example.org/",
        GITHUB_API_HOST: "api.example.org",
        GITHUB_API_PATH: "/v9/",
        ORG_NAME: "octo",
      },
      "organization https://ghes.example.org/octo orgs/octo https://api.example.org/v9",
    ],
    [
      "an API by its URL",
      {
        GITHUB_HOST: "ghes.example.org",
        GITHUB_API_HOST: "https://ghes.example.org/api/v9/",
        GITHUB_API_PATH: "api/v9",
        ORG_NAME: "octo",
      },
      "organization https://ghes.example.org/octo orgs/octo https://ghes.example.org/api/v9",
    ],
    [
      "data residency",
      { GITHUB_HOST: "octo.ghe.com", ORG_NAME: "octo" },
      "organization https://octo.ghe.com/octo orgs/octo https://api.octo.ghe.com",
    ],
  ])("%s", (_, environment, expected) => {
    const { target, api } = configurationOf({ ...token, ...environment })
    expect(`${target?.scope ?? ""} ${target?.url ?? ""} ${target?.path ?? ""} ${api}`).toBe(expected)
  })

  it("may be on a server without TLS, with a warning", () => {
    const { configuration, warnings } = read({ ...token, GITHUB_HOST: "http://127.0.0.1:8080", ORG_NAME: "octo" })
    expect([configuration.api, warnings]).toEqual([
      "http://127.0.0.1:8080/api/v3",
      ["127.0.0.1:8080 is accessed without TLS: tokens are sent in clear text"],
    ])
  })
})

describe("the authentication", () => {
  const target = { REPO_URL: "https://github.com/octo/cat" }
  it.each<[string, Record<string, string>, object]>([
    ["myoung34's token", { ACCESS_TOKEN: "a" }, { kind: "token", token: "a" }],
    ["GrammaTonic's token", { GITHUB_TOKEN: "a" }, { kind: "token", token: "a" }],
    ["tcardonne's token", { GITHUB_ACCESS_TOKEN: "a" }, { kind: "token", token: "a" }],
    ["SanderKnape's token", { GITHUB_PAT: "a" }, { kind: "token", token: "a" }],
    ["the first of its names", { GITHUB_TOKEN: "b", ACCESS_TOKEN: "a" }, { kind: "token", token: "a" }],
    ["a token beside one for registration", { ACCESS_TOKEN: "a", RUNNER_TOKEN: "b" }, { kind: "token", token: "a" }],
    ["a registration token", { RUNNER_TOKEN: "b" }, { kind: "registration-token", token: "b" }],
    ["the runner's own inputs", { ACTIONS_RUNNER_INPUT_TOKEN: "b" }, { kind: "registration-token", token: "b" }],
    [
      "SanderKnape's registration token",
      { GITHUB_OWNER: "octo", GITHUB_TOKEN: "b" },
      { kind: "registration-token", token: "b" },
    ],
    [
      "SanderKnape's two tokens",
      { GITHUB_OWNER: "octo", GITHUB_TOKEN: "b", GITHUB_PAT: "a" },
      { kind: "token", token: "a" },
    ],
    [
      "a personal token where SanderKnape has one for registration",
      { GITHUB_OWNER: "octo", GITHUB_TOKEN: "ghp_a" },
      { kind: "token", token: "ghp_a" },
    ],
    [
      "a configuration for one run beside a token for jobs",
      { JITCONFIG: "e30=", GITHUB_TOKEN: "a" },
      { kind: "jit", config: "e30=" },
    ],
    ["a token from a file", { ACCESS_TOKEN_FILE: "/run/secrets/token" }, { kind: "token", token: "from-file" }],
    [
      "a token from a file by another name",
      { GITHUB_TOKEN_FILE: "/run/secrets/token" },
      { kind: "token", token: "from-file" },
    ],
    [
      "an empty token and a file",
      { ACCESS_TOKEN: "", ACCESS_TOKEN_FILE: "/run/secrets/token" },
      { kind: "token", token: "from-file" },
    ],
    [
      "an App",
      { APP_ID: "12", APP_PRIVATE_KEY: KEY, APP_LOGIN: "octo" },
      { kind: "app", id: "12", privateKey: KEY, login: "octo" },
    ],
    [
      "an App's key on one line",
      { APP_ID: "12", APP_PRIVATE_KEY: KEY.replaceAll("\n", "\\n") },
      { kind: "app", id: "12", privateKey: KEY },
    ],
    [
      "an App's key from a file",
      { APP_ID: "Iv1.abc", APP_PRIVATE_KEY_FILE: "/run/secrets/key" },
      { kind: "app", id: "Iv1.abc", privateKey: KEY },
    ],
    ["a configuration for one run", { ACTIONS_RUNNER_INPUT_JITCONFIG: "e30=" }, { kind: "jit", config: "e30=" }],
    ["a token from a file of variables", { ENV_FILE: "/etc/runner.env" }, { kind: "token", token: "a b" }],
  ])("%s", (_, environment, expected) => {
    const files = {
      "/run/secrets/token": "from-file\n",
      "/run/secrets/key": `${KEY}\n`,
      "/etc/runner.env": '# a comment\nACCESS_TOKEN="a b"\nRUNNER_GROUP=blue\n'.replace("a b", "a-b"),
    }
    const wanted = JSON.parse(JSON.stringify(expected).replace("a b", "a-b")) as object
    expect(configurationOf({ ...target, ...environment }, files).authentication).toEqual(wanted)
  })

  const REAL = rsaKeyPair().privateKey
  const PEM = REAL.export({ type: "pkcs1", format: "pem" }).toString()

  it.each<[string, string]>([
    ["as it is", PEM],
    ["with the line ends of Windows", PEM.replaceAll("\n", "\r\n")],
    ["on one line, with \\n between its lines", PEM.trim().replaceAll("\n", "\\n")],
    ["on one line, with \\n after its last line too", PEM.replaceAll("\n", "\\n")],
    ["on one line, with \\r\\n", PEM.replaceAll("\n", "\\r\\n")],
    ["with \\n and line ends", PEM.replaceAll("\n", "\\n\n")],
    ["with spaces in place of line ends", PEM.replaceAll("\n", " ")],
    ["indented", PEM.replace(/^/gm, "    ")],
  ])("takes a key %s", (_, text) => {
    for (const given of [{ APP_PRIVATE_KEY: text }, { APP_PRIVATE_KEY_FILE: "/key" }]) {
      const { authentication } = configurationOf({ ...target, APP_ID: "12", ...given }, { "/key": text })
      const { privateKey } = authentication as { privateKey: string }
      expect(createPrivateKey(privateKey).equals(REAL)).toBe(true)
      expect(privateKey).toBe(PEM.trim())
    }
  })

  it("needs no target with a configuration for one run, nor anything without registration", () => {
    expect(configurationOf({ JITCONFIG: "e30=" }).target).toBeUndefined()
    expect(configurationOf({ DEBUG_ONLY: "true" }).authentication).toEqual({ kind: "none" })
  })

  it("tells its secrets, for the log to hide", () => {
    expect(read(BOTH).secrets).toEqual(["ghp_secret1234"])
    const files = { "/key": KEY }
    const app = { REPO_URL: BOTH.REPO_URL, APP_ID: "12", APP_PRIVATE_KEY_FILE: "/key", GITHUB_APP: "x" }
    expect(read(app, files).secrets).toEqual([KEY])
    const unused = { ...BOTH, GITHUB_PAT: "ghp_another99", RUNNER_TOKEN: "AABBCCDDEE" }
    expect(read(unused).secrets).toEqual(["ghp_secret1234", "ghp_another99", "AABBCCDDEE"])
  })
})

describe("labels", () => {
  it.each<[string, Record<string, string>, string]>([
    ["by default", {}, "self-hosted,linux,arm64,standard,default,docker"],
    ["of the user", { RUNNER_LABELS: "gpu, big" }, "self-hosted,linux,arm64,standard,gpu,big"],
    ["of the user, in myoung34's way", { LABELS: "gpu" }, "self-hosted,linux,arm64,standard,gpu"],
    ["that say them again", { LABELS: "Linux,self-hosted,gpu,GPU" }, "self-hosted,linux,arm64,standard,gpu"],
    [
      "of another machine are left out",
      { LABELS: "docker,self-hosted,linux,X64" },
      "self-hosted,linux,arm64,standard,docker",
    ],
    ["alone", { LABELS: "gpu,x64", NO_DEFAULT_LABELS: "1" }, "gpu"],
  ])("%s", (_, environment, expected) => {
    expect(configurationOf({ ...BOTH, ...environment }).labels.join()).toBe(expected)
  })

  it("of GrammaTonic's chrome image", () => {
    const environment = { GITHUB_REPOSITORY: "octo/cat", GITHUB_TOKEN: "a" }
    expect(configurationOf(environment, {}, { variant: "chrome" }).labels.join()).toBe(
      "self-hosted,linux,arm64,chrome,docker,ui-tests,playwright,cypress",
    )
  })

  it("warn of those left out", () => {
    expect(read({ ...BOTH, LABELS: "x64" }).warnings).toEqual([
      "LABELS: label x64 is ignored because this machine is arm64",
    ])
  })
})

describe("names and folders", () => {
  it.each<[string, Record<string, string>, string]>([
    ["by default", BOTH, "github-runner-r4nd0m /_work/github-runner-r4nd0m"],
    ["with a prefix", { ...BOTH, RUNNER_NAME_PREFIX: "ci" }, "ci-r4nd0m /_work/ci-r4nd0m"],
    [
      "with the host's name",
      { ...BOTH, RANDOM_RUNNER_SUFFIX: "false" },
      "github-runner-c0ffee123456 /_work/github-runner-c0ffee123456",
    ],
    [
      "without a prefix",
      { ...BOTH, RUNNER_NAME_PREFIX: "", RANDOM_RUNNER_SUFFIX: "false" },
      "c0ffee123456 /_work/c0ffee123456",
    ],
    ["as given", { ...BOTH, RUNNER_NAME: "mine", RUNNER_NAME_PREFIX: "ci" }, "mine /_work/mine"],
    ["in a folder", { ...BOTH, RUNNER_NAME: "mine", RUNNER_WORKDIR: "/data" }, "mine /data"],
    [
      "in tcardonne's folder",
      { ...BOTH, RUNNER_NAME: "mine", RUNNER_WORK_DIRECTORY: "_work" },
      "mine /home/runner/_work",
    ],
    ["below a folder", { ...BOTH, RUNNER_NAME: "mine", RUNNER_WORKDIR_ROOT: "/data/" }, "mine /data/mine"],
    [
      "of GrammaTonic",
      { GITHUB_REPOSITORY: "octo/cat", GITHUB_TOKEN: "a" },
      "docker-runner-c0ffee123456 /home/runner/_work",
    ],
    [
      "of GrammaTonic's compose file",
      {
        GITHUB_REPOSITORY: "octo/cat",
        GITHUB_TOKEN: "a",
        RUNNER_WORKDIR: "/home/runner/_work",
        RUNNER_WORK_DIR: "/data",
      },
      "docker-runner-c0ffee123456 /data",
    ],
  ])("%s", (_, environment, expected) => {
    const { name, workFolder } = configurationOf(environment)
    expect(`${name} ${workFolder}`).toBe(expected)
  })
})

describe("switches", () => {
  it.each<[Record<string, string>, object]>([
    [
      {},
      {
        ephemeral: false,
        replace: true,
        disableUpdate: false,
        deregister: true,
        unsetConfigVars: true,
        skipRegistration: false,
      },
    ],
    [{ EPHEMERAL: "false" }, { ephemeral: true }],
    [{ RUNNER_EPHEMERAL: "false" }, { ephemeral: false }],
    [{ RUNNER_EPHEMERAL: "yes" }, { ephemeral: true }],
    [{ EPHEMERAL: "" }, { ephemeral: false }],
    [{ EPHEMERAL: "1", RUNNER_EPHEMERAL: "false" }, { ephemeral: true }],
    [{ RUNNER_REPLACE_EXISTING: "no", RUNNER_NAME: "one" }, { replace: false }],
    // No other container makes this name: whoever has it is what an earlier start of this one left.
    [{ RUNNER_REPLACE_EXISTING: "no" }, { replace: true }],
    [{ RUNNER_REPLACE_EXISTING: "no", RANDOM_RUNNER_SUFFIX: "false" }, { replace: false }],
    [{ FORGET_CREDENTIAL: "true" }, { forgetCredential: true }],
    [{ DISABLE_AUTO_UPDATE: "1" }, { disableUpdate: true }],
    [{ DISABLE_RUNNER_UPDATE: "true" }, { disableUpdate: true }],
    [{ DISABLE_AUTOMATIC_DEREGISTRATION: "yes" }, { deregister: false }],
    [{ DISABLE_AUTOMATIC_DEREGISTRATION: "false" }, { deregister: true }],
    [{ RUNNER_GROUP: "default" }, { group: undefined }],
    [{ RUNNER_GROUPS: "blue" }, { group: undefined }],
    [{ RUNNER_TYPE: "gpu" }, { variant: "gpu" }],
    [{ RUN_AS_ROOT: "off" }, { runAsRoot: false }],
    [{}, { clean: "off" }],
    [{ RUNNER_CLEAN: "Work" }, { clean: "work" }],
    [
      { RUNNER_WAIT_FOR_DOCKER_IN_SECONDS: "30", RUNNER_GRACEFUL_STOP_TIMEOUT: "90" },
      { waitForDockerSeconds: 30, gracefulStopSeconds: 90 },
    ],
    [
      { METRICS_PORT: "9092", METRICS_ENABLED: "0" },
      {
        metrics: {
          enabled: false,
          port: 9092,
          file: "/tmp/runner_metrics.prom",
          updateSeconds: 30,
          jobsLog: "/tmp/jobs.log",
        },
      },
    ],
  ])("%j", (environment, expected) => {
    const configuration: object = configurationOf({ ...BOTH, ...environment })
    expect({ group: undefined, ...configuration }).toMatchObject(expected)
  })
})

describe("what is not as it seems", () => {
  it.each<[string, Record<string, string>, string]>([
    [
      "no that counts as yes",
      { EPHEMERAL: "false" },
      'EPHEMERAL is "false", but any value counts as yes; unset it for no',
    ],
    [
      "yes and no",
      { DISABLE_AUTO_UPDATE: "1", DISABLE_RUNNER_UPDATE: "false" },
      "DISABLE_AUTO_UPDATE is set and takes precedence; DISABLE_RUNNER_UPDATE says no and is ignored",
    ],
    [
      "a service's address in Kubernetes",
      { METRICS_PORT: "tcp://10.0.0.1:9091" },
      "METRICS_PORT has no effect: it is the address of a service, as Kubernetes sets it",
    ],
    [
      "root without being root",
      { RUN_AS_ROOT: "true" },
      "RUN_AS_ROOT has no effect: the container's user is 1001; start it with --user 0, or leave it out",
    ],
    [
      "two tokens",
      { RUNNER_TOKEN: "b" },
      "ACCESS_TOKEN is used and RUNNER_TOKEN is ignored: the first can create fresh tokens",
    ],
    [
      "cleaning after the only job",
      { RUNNER_CLEAN: "all", RUNNER_EPHEMERAL: "true" },
      "RUNNER_CLEAN has no effect: this runner takes one job, and its container ends",
    ],
    [
      "address ranges that a proxy is not for",
      { NO_PROXY: "localhost,10.0.0.0/8, .example.org fd00::/8", no_proxy: "10.0.0.0/8" },
      "NO_PROXY lists 10.0.0.0/8, fd00::/8: the runner and Node.js understand no address ranges, and use the proxy for these addresses. List host names, or domains such as .example.org",
    ],
    [
      "an address range in lower case",
      { NO_PROXY: "localhost,10.0.0.1", no_proxy: "192.168.0.0/16" },
      "no_proxy lists 192.168.0.0/16: the runner and Node.js understand no address ranges, and use the proxy for these addresses. List host names, or domains such as .example.org",
    ],
  ])("is told: %s", (_, environment, warning) => {
    expect(read({ ...BOTH, ...environment }).warnings).toEqual([warning])
  })
})

describe("what nothing reads", () => {
  it("and has nothing to do with this program is left alone", () => {
    const names = [
      ...["GITHUB_PATH", "GITHUB_ENV", "GITHUB_REF", "GITHUB_SHA", "GITHUB_API_URL", "GITHUB_REPOSITORY_OWNER"],
      ...["RUNNER_HOME", "RUNNER_OS", "RUNNER_NAME_CHROME", "RUNNER_LABELS_CHROME", "RUNNER_FEATURE_FLAG_EPHEMERAL"],
      ...["KUBERNETES_PORT", "npm_config_cache", "APP_ENV", "HOME", "ACTIONS_RUNNER_INPUT_UNATTENDED"],
    ]
    const environment = Object.fromEntries(names.map((name) => [name, "1"]))
    expect(read({ ...BOTH, ...environment }).warnings).toEqual([])
  })

  it("is told where it looks like what is read, or had an effect elsewhere", () => {
    const others = {
      PATH: "/bin",
      RUNNER_TEMP: "/tmp",
      GITHUB_ACTIONS: "true",
      ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT: "1",
      MTU: "1400",
    }
    const { warnings } = read({
      ...BOTH,
      ...others,
      RUNNER_LABLES: "a",
      GITHUB_TOKE: "a",
      EPHEMERALL: "1",
      RUNNER_SOMETHING_ELSE: "1",
    })
    expect(warnings).toEqual([
      "MTU has no effect: there is no Docker daemon in this image; give it to the daemon that the runner uses",
      "EPHEMERALL is unknown and has no effect; did you mean EPHEMERAL?",
      "GITHUB_TOKE is unknown and has no effect; did you mean GITHUB_TOKEN?",
      "RUNNER_LABLES is unknown and has no effect; did you mean RUNNER_LABELS?",
    ])
  })
})

describe("what jobs see", () => {
  const valid = {
    ...BOTH,
    GITHUB_TOKEN: "another-secret",
    RUNNER_NAME: "mine",
    PATH: "/bin",
    MINE: "yes",
    https_proxy: "http://proxy.example:3128",
    RUNNER_TOOL_CACHE: "/opt/hostedtoolcache",
  }

  it("is their own, without configuration and secrets, with proxies in both cases", () => {
    expect(read(valid).jobEnvironment).toEqual({
      PATH: "/bin",
      MINE: "yes",
      https_proxy: "http://proxy.example:3128",
      HTTPS_PROXY: "http://proxy.example:3128",
      RUNNER_TOOL_CACHE: "/opt/hostedtoolcache",
    })
  })

  it.each([
    ["proxy.example:3128", "http://proxy.example:3128"],
    ["proxy.example", "http://proxy.example"],
    ["[::1]:3128", "http://[::1]:3128"],
    ["me:s3cret@proxy.example:3128", "http://me:s3cret@proxy.example:3128"],
    ["//proxy.example:3128", "http://proxy.example:3128"],
    ["http://CORP%5Cuser:p%23@proxy.example:3128/", "http://CORP%5Cuser:p%23@proxy.example:3128/"],
    ["https://proxy.example:3128", "https://proxy.example:3128"],
    ["HTTP://proxy.example:3128", "HTTP://proxy.example:3128"],
    ["socks5://proxy.example:1080", "socks5://proxy.example:1080"],
  ])("has the proxy %s as %s, and so have requests to GitHub", (given, proxy) => {
    const { jobEnvironment, publicEnvironment } = read({ ...BOTH, HTTPS_PROXY: given, http_proxy: given })
    const complete = { HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy, https_proxy: proxy }
    expect(jobEnvironment).toEqual(complete)
    expect(publicEnvironment).toEqual({ REPO_URL: BOTH.REPO_URL, ...complete })
  })

  it("has the configuration where that is asked for, and never a secret", () => {
    expect(Object.keys(read({ ...valid, UNSET_CONFIG_VARS: "false" }).jobEnvironment).sort()).toEqual([
      "HTTPS_PROXY",
      "MINE",
      "PATH",
      "REPO_URL",
      "RUNNER_NAME",
      "RUNNER_TOOL_CACHE",
      "UNSET_CONFIG_VARS",
      "https_proxy",
    ])
  })

  it("has no path of an App's key", () => {
    const app = {
      REPO_URL: BOTH.REPO_URL,
      APP_ID: "12",
      APP_PRIVATE_KEY_FILE: "/run/secrets/key",
      UNSET_CONFIG_VARS: "false",
    }
    expect(read(app, { "/run/secrets/key": KEY }).jobEnvironment).toEqual({
      REPO_URL: BOTH.REPO_URL,
      APP_ID: "12",
      UNSET_CONFIG_VARS: "false",
    })
  })

  it("has no secret by another name, nor by a misspelt one", () => {
    const { jobEnvironment, warnings } = read({
      ...BOTH,
      UNSET_CONFIG_VARS: "false",
      ACTIONS_RUNNER_INPUT_TOKEN: "AABBCCDDEE",
      ACCES_TOKEN: "whatever",
      MY_TOKEN: "ghp_secret1234",
      REGISTRY_LOGIN: "me:ghp_secret1234",
      NPM_TOKEN: "npm_ofthejobs",
    })
    expect({ jobEnvironment, warnings }).toEqual({
      jobEnvironment: { REPO_URL: BOTH.REPO_URL, UNSET_CONFIG_VARS: "false", NPM_TOKEN: "npm_ofthejobs" },
      warnings: [
        "ACCESS_TOKEN is used and ACTIONS_RUNNER_INPUT_TOKEN is ignored: the first can create fresh tokens",
        "ACCES_TOKEN is unknown and has no effect; did you mean ACCESS_TOKEN?",
        "MY_TOKEN contains a secret of the container and is hidden from jobs",
        "REGISTRY_LOGIN contains a secret of the container and is hidden from jobs",
      ],
    })
  })

  it.each([
    [
      { RUNNER_TOOL_CACHE: "/opt/hostedtoolcache", AGENT_TOOLSDIRECTORY: "/opt/hostedtoolcache" },
      "/opt/hostedtoolcache",
    ],
    [{ RUNNER_TOOL_CACHE: "/opt/hostedtoolcache", AGENT_TOOLSDIRECTORY: "/data" }, "/data"],
    [{ RUNNER_TOOL_CACHE: "/data", AGENT_TOOLSDIRECTORY: "/opt/hostedtoolcache" }, "/data"],
  ])("has one tool cache, the user's: %j", (environment, expected) => {
    const { RUNNER_TOOL_CACHE, AGENT_TOOLSDIRECTORY } = read({ ...BOTH, ...environment }).jobEnvironment
    expect([RUNNER_TOOL_CACHE, AGENT_TOOLSDIRECTORY]).toEqual([expected, expected])
  })

  it.each([
    ["debian:trixie-slim", undefined],
    ["ubuntu:24.04", "ubuntu24"],
  ])("on %s has ImageOS only where it is true", (base, expected) => {
    expect(read(BOTH, {}, { base }).jobEnvironment.ImageOS).toBe(expected)
  })
})

describe("without registration", () => {
  it("what is wrong with the way to register is a warning", () => {
    const { configuration, warnings } = read({ ...BOTH, DEBUG_ONLY: "true", APP_ID: "12345", APP_PRIVATE_KEY: KEY })
    expect([configuration.authentication, warnings]).toEqual([
      { kind: "none" },
      ["ACCESS_TOKEN is set, and so is a GitHub App. Set either a token, or APP_ID and APP_PRIVATE_KEY."],
    ])
  })

  it("everything else that is wrong is an error", () => {
    expect(() => read({ ...BOTH, DEBUG_ONLY: "true", METRICS_PORT: "none" })).toThrow(/^METRICS_PORT is "none"/)
  })
})

it("the server of a URL that the scope does not choose does not count", () => {
  const given = { ...BOTH, ORG_NAME: "octo", GITHUB_HOST: "ghes.example.org" }
  const { configuration, warnings } = read({ ...given, RUNNER_SCOPE: "org" })
  expect([configuration.target?.url, configuration.api, warnings]).toEqual([
    "https://ghes.example.org/octo",
    "https://ghes.example.org/api/v3",
    ["GITHUB_HOST is ghes.example.org, but REPO_URL is on github.com; ORG_NAME determines the runner's target"],
  ])
  expect(() => read(given)).toThrow(/^GITHUB_HOST is ghes.example.org, but REPO_URL is on github.com/)
})

it.each([
  [{ WAIT_FOR_DOCKER_SECONDS: "30" }, 30],
  [{ WAIT_FOR_DOCKER_SECONDS: "30", DISABLE_WAIT_FOR_DOCKER: "true" }, 0],
  [{ WAIT_FOR_DOCKER_SECONDS: "30", DISABLE_WAIT_FOR_DOCKER: "false" }, 30],
])("waits for Docker as %j says", (environment, seconds) => {
  expect(configurationOf({ ...BOTH, ...environment }).waitForDockerSeconds).toBe(seconds)
})
