import type { ToolEntry } from "./schema.js"

/**
 * The catalog's tools: every one that does not simply come with the distribution. Where a vendor keeps the file for each
 * version and platform, how it is unpacked, and which checks prove it in the image. Versions and checksums are in pins.yaml.
 */

const RUNNER_HOME = "/home/runner"
const MODULES = "/usr/local/lib/node_modules"
const NODE_DOCUMENTATION = ["CHANGELOG.md", "README.md", "include", "share/doc", "share/man", "share/systemtap"]
/** Go's own tests and documents. `src` stays: the standard library is compiled from it. */
const GO_DOCUMENTATION = ["CONTRIBUTING.md", "README.md", "SECURITY.md", "api", "codereview.cfg", "doc", "misc", "test"]

/** Its workflows build and sign what Docker releases: https://github.com/docker/github-builder */
const DOCKERS_BUILDER = "docker/github-builder"

/** Chrome for Testing's platforms that were added later than the others, by its own spelling; see chrome-for-testing's README. */
const CHROME_SINCE: Readonly<Record<string, string>> = { "linux-arm64": "153.0.8001.0" }

/** A program of Chrome for Testing: all of one version are in one folder. */
function chromeForTesting(program: string) {
  return (version: string, { chromeForTesting: folder }: { chromeForTesting: string }) =>
    `https://storage.googleapis.com/chrome-for-testing-public/${version}/${folder}/${program}-${folder}.zip`
}

export const TOOL_ENTRIES = {
  runner: {
    title: "GitHub Actions runner",
    upstream: {
      url: (version, { vendor }) =>
        `https://github.com/actions/runner/releases/download/v${version}/actions-runner-linux-${vendor}-${version}.tar.gz`,
      unpack: { kind: "tar", strip: 0, into: RUNNER_HOME },
      feed: { kind: "github", repository: "actions/runner" },
    },
    // --runner decides between the two. The module is pinned by go.mod and go.sum in the program's folder.
    registry: {
      kind: "go-program",
      folder: "act-runner",
      module: "github.com/ChristopherHX/github-act-runner",
      into: RUNNER_HOME,
    },
    owner: "1001:1001",
    checks: ["version/runner", "runner/unconfigured", "runner/node"],
  },
  node: {
    title: "Node.js",
    upstream: {
      url: (version, { vendor }) => `https://nodejs.org/dist/v${version}/node-v${version}-linux-${vendor}.tar.xz`,
      unpack: { kind: "tar", strip: 1, into: "/usr/local", exclude: NODE_DOCUMENTATION },
      feed: { kind: "node" },
    },
    registry: {
      kind: "npm",
      package: ({ vendor }) => `node-linux-${vendor}`,
      unpack: { kind: "tar", strip: 1, into: "/usr/local", exclude: [...NODE_DOCUMENTATION, "package.json"] },
    },
    checks: ["version/node"],
    keepsMajor: true,
  },
  npm: {
    title: "npm",
    // The registry's Node.js packages do not have it.
    upstreamIn: "node",
    registry: {
      kind: "npm",
      package: () => "npm",
      unpack: { kind: "tar", strip: 1, into: `${MODULES}/npm`, exclude: ["docs", "man"] },
      links: {
        "/usr/local/bin/npm": "../lib/node_modules/npm/bin/npm-cli.js",
        "/usr/local/bin/npx": "../lib/node_modules/npm/bin/npx-cli.js",
      },
    },
    checks: ["version/npm"],
    keepsMajor: true,
  },
  yarn: {
    title: "Yarn",
    // Later ones are in the repositories that use them, and this one starts them.
    registry: {
      kind: "npm",
      package: () => "yarn",
      unpack: { kind: "tar", strip: 1, into: `${MODULES}/yarn` },
      // Removes Corepack's links, which npm would not replace.
      needlessScripts: ["preinstall"],
      links: {
        "/usr/local/bin/yarn": "../lib/node_modules/yarn/bin/yarn.js",
        "/usr/local/bin/yarnpkg": "../lib/node_modules/yarn/bin/yarn.js",
      },
    },
    registryIsUpstream: true,
    checks: ["version/yarn", "work/yarn"],
    keepsMajor: true,
  },
  docker: {
    title: "Docker CLI",
    upstream: {
      url: (version, { gnu }) => `https://download.docker.com/linux/static/stable/${gnu}/docker-${version}.tgz`,
      unpack: { kind: "tar", strip: 1, into: "/usr/local/bin", only: ["docker"] },
      feed: { kind: "docker" },
      module: "github.com/docker/cli",
    },
    registry: { kind: "deb", package: "docker-cli" },
    checks: ["version/docker"],
  },
  buildx: {
    title: "Docker buildx",
    upstream: {
      url: (version, { arch }) =>
        `https://github.com/docker/buildx/releases/download/v${version}/buildx-v${version}.linux-${arch}`,
      unpack: { kind: "program", path: "/usr/local/lib/docker/cli-plugins/docker-buildx" },
      feed: { kind: "github", repository: "docker/buildx", signer: DOCKERS_BUILDER },
      module: "github.com/docker/buildx",
    },
    registry: { kind: "deb", package: "docker-buildx" },
    checks: ["version/buildx"],
  },
  compose: {
    title: "Docker Compose",
    upstream: {
      url: (version, { gnu }) =>
        `https://github.com/docker/compose/releases/download/v${version}/docker-compose-linux-${gnu}`,
      unpack: { kind: "program", path: "/usr/local/lib/docker/cli-plugins/docker-compose" },
      feed: { kind: "github", repository: "docker/compose", signer: DOCKERS_BUILDER },
      module: "github.com/docker/compose/v5",
    },
    registry: { kind: "deb", package: "docker-compose" },
    checks: ["version/compose"],
  },
  gh: {
    title: "GitHub CLI",
    upstream: {
      url: (version, { arch }) =>
        `https://github.com/cli/cli/releases/download/v${version}/gh_${version}_linux_${arch}.tar.gz`,
      unpack: { kind: "tar", strip: 2, into: "/usr/local/bin", only: ["gh"] },
      feed: { kind: "github", repository: "cli/cli" },
    },
    registry: { kind: "deb", package: "gh" },
    checks: ["version/gh"],
  },
  go: {
    title: "Go",
    upstream: {
      url: (version, { arch }) => `https://dl.google.com/go/go${version}.linux-${arch}.tar.gz`,
      unpack: { kind: "tar", strip: 1, into: "/usr/local/go", exclude: GO_DOCUMENTATION },
      feed: { kind: "go" },
    },
    // Also compiles `dagger/scripts/estargz/`, `dagger/registry/` and `docker/act-runner/`, whose modules are pinned by their go.mod and go.sum.
    registry: {
      kind: "go-toolchain",
      path: "golang.org/toolchain",
      version: (version, { arch }) => `v0.0.1-go${version}.linux-${arch}`,
      // golang.org/toolchain@VERSION/…
      unpack: { kind: "zip", strip: 2, into: "/usr/local/go", exclude: GO_DOCUMENTATION },
    },
    checks: ["version/go"],
  },
  chrome: {
    title: "Chrome for Testing",
    upstream: {
      url: chromeForTesting("chrome"),
      unpack: { kind: "zip", strip: 1, into: "/opt/chrome-for-testing" },
      feed: { kind: "chrome-for-testing", program: "chrome" },
      since: ({ chromeForTesting: folder }) => CHROME_SINCE[folder],
    },
    registry: { kind: "deb", package: "chromium" },
    checks: ["version/chrome"],
  },
  chromedriver: {
    title: "ChromeDriver",
    upstream: {
      url: chromeForTesting("chromedriver"),
      unpack: { kind: "zip", strip: 1, into: "/opt/chrome-for-testing", only: ["chromedriver"] },
      feed: { kind: "chrome-for-testing", program: "chromedriver" },
      since: ({ chromeForTesting: folder }) => CHROME_SINCE[folder],
    },
    registry: { kind: "deb", package: "chromium-driver" },
    checks: ["version/chromedriver"],
    sameVersionAs: "chrome",
  },
  "playwright-core": {
    title: "Playwright's library",
    registry: {
      kind: "npm",
      package: () => "playwright-core",
      unpack: { kind: "tar", strip: 1, into: `${MODULES}/playwright-core` },
    },
    registryIsUpstream: true,
    checks: ["version/playwright"],
  },
  playwright: {
    title: "Playwright",
    registry: {
      kind: "npm",
      package: () => "playwright",
      unpack: { kind: "tar", strip: 1, into: `${MODULES}/playwright` },
      links: { "/usr/local/bin/playwright": "../lib/node_modules/playwright/cli.js" },
    },
    registryIsUpstream: true,
    checks: ["version/playwright"],
    sameVersionAs: "playwright-core",
  },
} as const satisfies Record<string, ToolEntry>

export type ToolName = keyof typeof TOOL_ENTRIES
export const TOOLS = Object.keys(TOOL_ENTRIES) as ToolName[]
