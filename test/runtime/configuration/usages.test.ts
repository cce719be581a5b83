import { dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { RUNNER_FOLDERS } from "../../../dagger/src/core/variants/runner-user.js"
import { readConfiguration } from "../../../docker/runtime/src/configuration/configuration.js"
import { hostWith } from "./host.js"

const KEY = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"
const REGISTRATION = "AABBCCDDEEFFGGHHIIJJKKLLMMNN2"

/** GrammaTonic's compose files set these, whatever the user gives. */
const COMPOSE = {
  GITHUB_TOKEN: "ghp_secret1234",
  GITHUB_REPOSITORY: "octo/cat",
  RUNNER_SKIP_REGISTRATION: "false",
  RUNNER_GROUP: "default",
  RUNNER_WORKDIR: "/home/runner/_work",
  RUNNER_EPHEMERAL: "false",
  RUNNER_REPLACE_EXISTING: "true",
  METRICS_PORT: "9091",
  METRICS_UPDATE_INTERVAL: "30",
}

/** What other images' documents and compose files show, in full: the variant of ours that takes their place, and their variables. */
const USAGES: Record<string, [variant: string, environment: Record<string, string>]> = {
  "GrammaTonic, production compose file": [
    "standard",
    {
      ...COMPOSE,
      RUNNER_NAME: "docker-runner",
      RUNNER_LABELS: "docker,self-hosted,linux,x64",
      RUNNER_WORK_DIR: "/home/runner/_work",
      RUNNER_TYPE: "standard",
    },
  ],
  "GrammaTonic, chrome compose file": [
    "chrome",
    {
      ...COMPOSE,
      RUNNER_NAME: "chrome-runner",
      RUNNER_LABELS: "docker,chrome,self-hosted,linux,x64,ui-tests",
      RUNNER_WORK_DIR: "/home/runner/_work",
      DISPLAY: ":99",
      CHROME_FLAGS: "--headless --no-sandbox --disable-dev-shm-usage --disable-gpu",
      RUNNER_TYPE: "chrome",
    },
  ],
  "GrammaTonic, chrome-go compose file with its environment file": [
    "chrome-go",
    {
      ...COMPOSE,
      RUNNER_NAME: "chrome-go-runner-1",
      RUNNER_LABELS: "chrome,go,ui-tests,selenium,playwright,cypress,headless",
      RUNNER_GROUP: "chrome-go-runners",
      RUNNER_WORK_DIR: "/home/runner/workspace",
      RUNNER_TYPE: "chrome-go",
      SCREEN_WIDTH: "1920",
      GOPATH: "/home/runner/go",
      CGO_ENABLED: "1",
      GO_TEST_TIMEOUT: "10m",
      PLAYWRIGHT_BROWSERS_PATH: "/home/runner/.cache/ms-playwright",
    },
  ],
  "GrammaTonic, the two that are required": [
    "standard",
    { GITHUB_TOKEN: "ghp_secret1234", GITHUB_REPOSITORY: "octo/cat" },
  ],
  "myoung34, an organisation": [
    "standard",
    {
      RUNNER_NAME_PREFIX: "myrunner",
      ACCESS_TOKEN: "footoken",
      RUNNER_WORKDIR: "/tmp/github-runner-your-repo",
      RUNNER_GROUP: "my-group",
      RUNNER_SCOPE: "org",
      DISABLE_AUTO_UPDATE: "true",
      ORG_NAME: "octokode",
      LABELS: "my-label,other-label",
    },
  ],
  "myoung34, a repository by compose file": [
    "standard",
    {
      REPO_URL: "https://github.com/example/repo",
      RUNNER_NAME: "example-name",
      RUNNER_TOKEN: "someGithubTokenHere",
      RUNNER_WORKDIR: "/tmp/runner/work",
      RUNNER_GROUP: "my-group",
      RUNNER_SCOPE: "repo",
      LABELS: "linux,x64,gpu",
    },
  ],
  "myoung34, Kubernetes, with more than is needed": [
    "standard",
    {
      ACCESS_TOKEN: "foo-access-token",
      RUNNER_SCOPE: "org",
      ORG_NAME: "octokode",
      LABELS: "my-label,other-label",
      RUNNER_TOKEN: "footoken",
      REPO_URL: "https://github.com/your-account/your-repo",
      RUNNER_NAME_PREFIX: "foo",
      RUNNER_NAME: "actions-runner-5d9c7b8f6-x2x4z",
      RUNNER_WORKDIR: "/tmp/github-runner-your-repo",
      RUNNER_GROUP: "my-group",
    },
  ],
  "myoung34, an enterprise": [
    "standard",
    {
      ACCESS_TOKEN: "footoken",
      RUNNER_NAME: "foo-runner",
      RUNNER_SCOPE: "enterprise",
      ENTERPRISE_NAME: "my-enterprise",
      LABELS: "my-label,other-label",
    },
  ],
  "myoung34, an ephemeral runner by App": [
    "standard",
    {
      REPO_URL: "https://github.com/example/repo",
      APP_ID: "1234",
      APP_PRIVATE_KEY: KEY.replaceAll("\n", "\\n"),
      EPHEMERAL: "1",
    },
  ],
  "myoung34, a server of one's own": [
    "standard",
    {
      GITHUB_HOST: "https://ghes.example.org/",
      RUNNER_SCOPE: "org",
      ORG_NAME: "octokode",
      ACCESS_TOKEN: "footoken",
      RUN_AS_ROOT: "false",
    },
  ],
  "myoung34, a registration that is kept": [
    "standard",
    {
      REPO_URL: "https://github.com/example/repo",
      RUNNER_NAME: "kept",
      ACCESS_TOKEN: "footoken",
      CONFIGURED_ACTIONS_RUNNER_FILES_DIR: "/runner/data",
      DISABLE_AUTOMATIC_DEREGISTRATION: "true",
    },
  ],
  "ARC, as its controller starts a runner": [
    "standard",
    {
      RUNNER_ORG: "",
      RUNNER_REPO: "octo/cat",
      RUNNER_ENTERPRISE: "",
      RUNNER_LABELS: "",
      RUNNER_GROUP: "",
      DOCKER_ENABLED: "true",
      GITHUB_URL: "https://github.com/",
      RUNNER_WORKDIR: "/runner/_work",
      RUNNER_EPHEMERAL: "true",
      RUNNER_NAME: "example-runnerdeploy-abcde-fghij",
      RUNNER_TOKEN: REGISTRATION,
    },
  ],
  "ARC, a scale set": [
    "standard",
    {
      ACTIONS_RUNNER_INPUT_JITCONFIG: "eyJhIjoiYiJ9",
      GITHUB_ACTIONS_RUNNER_EXTRA_USER_AGENT: "actions-runner-controller/0.12.0",
    },
  ],
  "tcardonne, a repository": [
    "standard",
    {
      RUNNER_NAME: "my-runner",
      RUNNER_TOKEN: REGISTRATION,
      RUNNER_REPOSITORY_URL: "https://github.com/octo/cat",
      RUNNER_WORK_DIRECTORY: "_work",
      RUNNER_REPLACE_EXISTING: "true",
    },
  ],
  "tcardonne, an organisation": [
    "standard",
    { GITHUB_ACCESS_TOKEN: "ghp_secret1234", RUNNER_ORGANIZATION_URL: "https://github.com/octo", RUNNER_LABELS: "big" },
  ],
  "SanderKnape, a repository": [
    "standard",
    {
      GITHUB_OWNER: "octo",
      GITHUB_REPOSITORY: "cat",
      GITHUB_PAT: "ghp_secret1234",
      RUNNER_LABELS: "comma,separated",
      RUNNER_WORKDIR: "_work",
    },
  ],
  "SanderKnape, an organisation": ["standard", { GITHUB_OWNER: "octo", GITHUB_PAT: "ghp_secret1234" }],
  "SanderKnape, with a registration token": [
    "standard",
    { GITHUB_OWNER: "octo", GITHUB_REPOSITORY: "cat", GITHUB_TOKEN: REGISTRATION },
  ],
}

function told([variant, environment]: [string, Record<string, string>]): string {
  const { configuration, warnings, jobEnvironment } = readConfiguration(environment, hostWith({}, { variant }))
  const { target, api, authentication, name, labels, workFolder } = configuration
  const { group, ephemeral, replace, disableUpdate, deregister, reuseFolder } = configuration
  const lines = [
    `${target ? `${target.scope} ${target.url}` : "no target"}, ${api}, by ${authentication.kind}`,
    `named ${name}, labels ${labels.join()}, group ${group ?? "Default"}, works in ${workFolder}`,
    Object.entries({ ephemeral, replace, disableUpdate, deregister, kept: reuseFolder !== undefined })
      .flatMap(([switched, on]) => (on ? switched : []))
      .join(", "),
    `jobs see ${Object.keys(jobEnvironment).join(", ") || "nothing of it"}`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ]
  return lines.map((line) => `  ${line}\n`).join("")
}

describe("what other images document", () => {
  it("is understood", async () => {
    const all = Object.entries(USAGES).map(([what, usage]) => `${what}\n${told(usage)}`)
    await expect(all.join("\n")).toMatchFileSnapshot("usages.txt")
  })

  // A volume takes the owner of the folder that it covers; over none, it is root's.
  it.each(Object.entries(USAGES))("%s, names a work folder that the image has, or one below", (_, [variant, given]) => {
    const { workFolder } = readConfiguration(given, hostWith({}, { variant })).configuration
    const mounted = dirname(workFolder) === "/_work" ? "/_work" : workFolder
    // In a container that starts as root, as theirs do, it may be anywhere.
    if (!mounted.startsWith("/tmp/")) expect(RUNNER_FOLDERS).toContain(mounted)
  })
})
