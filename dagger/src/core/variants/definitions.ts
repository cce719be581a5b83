import type { ToolName, Unpack } from "../catalog/catalog.js"
import { PLATFORMS, type PlatformName } from "../platforms.js"
import type { AcceptedFinding } from "./findings.js"
import type { BuiltInVariant, VariantName } from "./names.js"
import { RUNNER_USER, TOOL_CACHE, userPath } from "./runner-user.js"
import { workflowFiles } from "./workflow-files.js"

/** A text file that a variant adds: from the project's `docker/` folder, or from a definition file. */
export type VariantFile = {
  /** Absolute path in the image. */
  path: string
  /** Octal, as chmod takes it: `0755`. */
  mode: string
} & ({ from: string } | { text: string })

/** A tool that a definition file adds. It always comes from its URL, whatever the source of the catalog's tools. */
export interface CustomTool {
  name: string
  version: string
  files: Readonly<Record<PlatformName, { url: string; sha256: string }>>
  unpack: Unpack
  /** Symbolic links: path in the image → target. */
  links: Readonly<Record<string, string>>
}

/** A smoke test that a definition file adds, as data. */
export interface CustomCheck {
  /** Unique among all of an image's checks: `VARIANT/NAME`. */
  name: string
  proves: string
  /** Shell text. */
  command: string
  expect: { kind: "equals" | "contains"; value: string } | { kind: "matches"; pattern: string } | { kind: "fails" }
  /** Why it is skipped if the platform is emulated. */
  skipEmulated?: string
}

/** Limits on the sizes of a variant's images. */
export interface SizeLimits {
  /** The largest size of an image, in bytes: its layers unpacked, without the Actions runner's. Unlimited if undefined. */
  budgetBytes?: number
  /** The share of its bytes that must be layers of the variant that it extends, if that is built too: 0.85. */
  minimumShared?: number
}

/** What a variant consists of. A variant that extends another has everything the other has, and shares its layers. */
export interface VariantDefinition extends SizeLimits {
  title: string
  description: string
  extends?: VariantName
  /** Packages of the distribution, by Debian's names; their dependencies are added. See `core/variants/bases.ts`. */
  packages: readonly string[]
  /** Packages that come with an option of the request. */
  optionalPackages?: Partial<Record<PackageOption, readonly string[]>>
  tools: readonly ToolName[]
  customTools?: readonly CustomTool[]
  environment: Readonly<Record<string, string>>
  /** Variables whose values depend on the platform: they win over the others. */
  platformEnvironment?: Readonly<Partial<Record<PlatformName, Readonly<Record<string, string>>>>>
  files?: readonly VariantFile[]
  /** Symbolic links: path in the image → target. */
  links?: Readonly<Record<string, string>>
  /** The groups of smoke tests that it must pass. */
  checks: readonly CheckGroup[]
  customChecks?: readonly CustomCheck[]
  /** Findings of the checks of files that are right for its images. */
  accept?: readonly AcceptedFinding[]
}

/** A variant that a definition file describes, see `core/variants/custom/`. */
export interface CustomVariant {
  name: VariantName
  definition: VariantDefinition & { extends: BuiltInVariant }
}

/** Options of a request that add packages to the variants that support them. */
export type PackageOption = "sudo" | "cjkFonts"

/** Groups of smoke tests, see `core/checks/`. */
export type CheckGroup = "standard" | "browser" | "go"

/**
 * dpkg's configuration in every image: jobs do not need documentation; licences stay. Nor do they need two large things beside what they
 * do need: Python as a static library, beside its headers, and the program that shows what is in GCC's own object format.
 */
export const DPKG_EXCLUDES = `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
path-exclude=/usr/lib/python3*/config-*/libpython3*.a
path-exclude=/usr/bin/*lto-dump*
`

/** Libraries that the Actions runner loads at run time: in every image, whichever runner is inside. */
export const RUNNER_LIBRARIES = ["libicu76", "libssl3t64", "libkrb5-3", "zlib1g", "liblttng-ust1t64"] as const

/** What workflows take for granted, by the programs that they start. */
const PROGRAMS = [
  "acl",
  "bc",
  "bind9-dnsutils",
  "file",
  "gawk",
  "iputils-ping",
  "lsb-release",
  "lz4",
  "netcat-openbsd",
  "pigz",
  "pipx",
  "pkgconf",
  "python-is-python3",
  "time",
  "tree",
] as const

/** Headers of the libraries that packages of pip and gem most often compile against. */
const HEADERS = [
  "libbz2-dev",
  "libffi-dev",
  "liblzma-dev",
  "libreadline-dev",
  "libsqlite3-dev",
  "libssl-dev",
  "libyaml-dev",
  "python3-dev",
  "zlib1g-dev",
] as const

const PATH = `${userPath(RUNNER_USER.home)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
const GO_PATH = `${RUNNER_USER.home}/go`
const BROWSER = "/usr/local/bin/google-chrome"

export const DEFINITIONS: Record<BuiltInVariant, VariantDefinition> = {
  standard: {
    title: "GitHub Actions runner",
    description:
      "Self-hosted GitHub Actions runner with Git, Node.js, Python, a C toolchain and the Docker and GitHub CLIs",
    packages: [
      ...PROGRAMS,
      ...HEADERS,
      "build-essential",
      "ca-certificates",
      "curl",
      "git",
      "git-lfs",
      "gnupg",
      "iproute2",
      "jq",
      // Gives a user without an account a name, see `docker/runtime/src/container/accounts/`.
      "libnss-wrapper",
      ...RUNNER_LIBRARIES,
      "openssh-client",
      "procps",
      "python3",
      "python3-pip",
      "python3-venv",
      "rsync",
      "tini",
      "tzdata",
      "unzip",
      "wget",
      "xz-utils",
      "zip",
      "zstd",
    ],
    optionalPackages: { sudo: ["sudo"] },
    // The runner last: it changes most often, and layers above a change are rebuilt.
    tools: ["node", "npm", "yarn", "docker", "buildx", "compose", "gh", "runner"],
    environment: {
      PATH,
      LANG: "C.UTF-8",
      RUNNER_TOOL_CACHE: TOOL_CACHE,
      AGENT_TOOLSDIRECTORY: TOOL_CACHE,
    },
    files: workflowFiles(PATH),
    budgetBytes: 1_020_000_000,
    checks: ["standard"],
  },
  chrome: {
    title: "GitHub Actions runner with Chrome",
    description: "The standard image with one and the same Chrome, ChromeDriver and Playwright on every platform",
    extends: "standard",
    packages: [
      // GTK needs a session bus; the one that apt would choose depends on systemd.
      "dbus-x11",
      "fonts-freefont-ttf",
      "fonts-liberation",
      "fonts-noto-color-emoji",
      "libasound2t64",
      "libatk-bridge2.0-0t64",
      "libcups2t64",
      "libdrm2",
      "libgbm1",
      "libgtk-3-0t64",
      "libnss3",
      "libxcomposite1",
      "libxdamage1",
      "libxfixes3",
      "libxkbcommon0",
      "libxrandr2",
      "xauth",
      "xdg-utils",
      "xvfb",
    ],
    optionalPackages: { cjkFonts: ["fonts-noto-cjk"] },
    tools: ["chrome", "chromedriver", "playwright-core", "playwright"],
    environment: {
      CHROME_BIN: BROWSER,
      CHROMEDRIVER_BIN: "/usr/local/bin/chromedriver",
      CHROMEWEBDRIVER: "/usr/local/bin",
      PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH: BROWSER,
      PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1",
      PUPPETEER_EXECUTABLE_PATH: BROWSER,
      PUPPETEER_SKIP_DOWNLOAD: "true",
    },
    files: [
      { path: BROWSER, from: "chrome/google-chrome", mode: "0755" },
      { path: "/usr/local/bin/chromedriver", from: "chrome/chromedriver", mode: "0755" },
    ],
    links: {
      "/usr/local/bin/chrome": "google-chrome",
      "/usr/local/bin/chromium": "google-chrome",
      "/usr/local/bin/chromium-browser": "google-chrome",
      "/usr/local/bin/google-chrome-stable": "google-chrome",
      // Where Playwright and Selenium look for the channel `chrome`.
      "/opt/google/chrome/chrome": BROWSER,
    },
    budgetBytes: 1_820_000_000,
    checks: ["browser"],
  },
  "chrome-go": {
    title: "GitHub Actions runner with Chrome and Go",
    description: "The chrome image with the Go toolchain, cgo and the race detector",
    extends: "chrome",
    packages: [],
    tools: ["go"],
    environment: {
      PATH: `/usr/local/go/bin:${GO_PATH}/bin:${PATH}`,
      GOPATH: GO_PATH,
      // Jobs use the version in the image unless they choose another themselves.
      GOTOOLCHAIN: "local",
    },
    budgetBytes: 2_120_000_000,
    minimumShared: 0.85,
    checks: ["go"],
  },
}

/**
 * A variant's definition.
 *
 * @param custom the variant of a definition file, if there is one
 * @throws Error when there is no such variant: users' input was validated before
 */
export function definitionOf(variant: VariantName, custom: CustomVariant | undefined): VariantDefinition {
  if (variant === custom?.name) return custom.definition
  const definition = (DEFINITIONS as Readonly<Partial<Record<string, VariantDefinition>>>)[variant]
  if (!definition) throw new Error(`there is no variant ${variant}`)
  return definition
}

/**
 * A variant and those that it extends, starting with the one that extends none.
 *
 * @example lineage("chrome", undefined) ⇒ ["standard", "chrome"]
 */
export function lineage(variant: VariantName, custom: CustomVariant | undefined): VariantName[] {
  const { extends: parent } = definitionOf(variant, custom)
  return parent === undefined ? [variant] : [...lineage(parent, custom), variant]
}

export type ResolvedDefinition = Omit<
  Required<VariantDefinition>,
  "extends" | "optionalPackages" | keyof SizeLimits
> & {
  optionalPackages: Partial<Record<PackageOption, readonly string[]>>
}

/** A variant with everything that it inherits. */
export function resolveDefinition(variant: VariantName, custom: CustomVariant | undefined): ResolvedDefinition {
  return lineage(variant, custom)
    .map((name) => definitionOf(name, custom))
    .reduce<ResolvedDefinition>(
      (base, next) => ({
        title: next.title,
        description: next.description,
        packages: [...base.packages, ...next.packages],
        optionalPackages: { ...base.optionalPackages, ...next.optionalPackages },
        tools: [...base.tools, ...next.tools],
        customTools: [...base.customTools, ...(next.customTools ?? [])],
        environment: { ...base.environment, ...next.environment },
        platformEnvironment: mergedByPlatform(base.platformEnvironment, next.platformEnvironment),
        files: [...base.files, ...(next.files ?? [])],
        links: { ...base.links, ...next.links },
        checks: [...base.checks, ...next.checks],
        customChecks: [...base.customChecks, ...(next.customChecks ?? [])],
        accept: [...base.accept, ...(next.accept ?? [])],
      }),
      {
        title: "",
        description: "",
        packages: [],
        optionalPackages: {},
        tools: [],
        customTools: [],
        environment: {},
        platformEnvironment: {},
        files: [],
        links: {},
        checks: [],
        customChecks: [],
        accept: [],
      },
    )
}

type PlatformEnvironment = NonNullable<VariantDefinition["platformEnvironment"]>

function mergedByPlatform(base: PlatformEnvironment, next: PlatformEnvironment = {}): PlatformEnvironment {
  const platforms = PLATFORMS.filter((platform) => base[platform] ?? next[platform])
  return Object.fromEntries(platforms.map((platform) => [platform, { ...base[platform], ...next[platform] }]))
}
