import { z } from "zod"
import { RunnerImagesError } from "./errors.js"
import { PLATFORMS, spelling, type PlatformName, type PlatformSpelling } from "./platforms.js"

/**
 * The catalog: every tool that does not simply come with the distribution, with its version, where each platform's file is,
 * and the checksum that the file must have. Nothing else in the project names a version of these tools.
 */

const fileSchema = z.object({
  url: z.url({ protocol: /^https$/ }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

/** How a downloaded file becomes files of the image. Paths inside the archive are given after `strip` leading folders are gone. */
const unpackSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("tar"),
    strip: z.number().int().nonnegative(),
    into: z.string(),
    only: z.array(z.string()).optional(),
    without: z.array(z.string()).optional(),
  }),
  /** The file is the program. */
  z.object({ kind: z.literal("program"), path: z.string() }),
])
export type Unpack = z.infer<typeof unpackSchema>

const upstreamSchema = z.object({
  version: z.string(),
  unpack: unpackSchema,
  files: z.record(z.enum(PLATFORMS as [PlatformName, ...PlatformName[]]), fileSchema),
})

const npmPackageSchema = z.object({ name: z.string(), integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/) })
export type NpmPackage = z.infer<typeof npmPackageSchema>

const registrySchema = z.discriminatedUnion("kind", [
  /** A package of the distribution; its version is the archive's newest. */
  z.object({ kind: z.literal("deb"), package: z.string() }),
  /** Packages of the npm registry, which publishes their integrity. */
  z.object({
    kind: z.literal("npm"),
    version: z.string(),
    unpack: unpackSchema,
    packages: z.record(z.enum(PLATFORMS as [PlatformName, ...PlatformName[]]), npmPackageSchema),
    /** Symbolic links to make: path in the image → target. */
    links: z.record(z.string(), z.string()).optional(),
  }),
  /** A program of this project, in `docker/`. */
  z.object({ kind: z.literal("project"), folder: z.string(), into: z.string() }),
])

const toolSchema = z.object({
  title: z.string(),
  upstream: upstreamSchema.optional(),
  registry: registrySchema,
  /** Owner of the files in the image, `uid:gid`; root when absent. */
  owner: z.string().optional(),
})
export type CatalogTool = z.infer<typeof toolSchema>

function perPlatform<T>(of: (names: PlatformSpelling) => T): Record<PlatformName, T> {
  return Object.fromEntries(PLATFORMS.map((platform) => [platform, of(spelling(platform))])) as Record<PlatformName, T>
}

/** Pairs each platform's URL with its checksum. Checksums are listed in the order of the platform table. */
function files(url: (names: PlatformSpelling) => string, checksums: readonly string[]) {
  const urls = perPlatform(url)
  return Object.fromEntries(
    PLATFORMS.map((platform, index) => [platform, { url: urls[platform], sha256: checksums[index] ?? "unknown" }]),
  ) as Record<PlatformName, { url: string; sha256: string }>
}

function npmPackages(name: (names: PlatformSpelling) => string, integrities: readonly string[]) {
  const names = perPlatform(name)
  return Object.fromEntries(
    PLATFORMS.map((platform, index) => [
      platform,
      { name: names[platform], integrity: integrities[index] ?? integrities[0] ?? "unknown" },
    ]),
  ) as Record<PlatformName, NpmPackage>
}

const RUNNER_HOME = "/home/runner"
const NODE_DOCUMENTATION = ["CHANGELOG.md", "README.md", "include", "share/doc", "share/man", "share/systemtap"]

const version = {
  runner: "2.338.0",
  node: "24.21.0",
  npm: "11.21.2",
  docker: "29.8.2",
  buildx: "0.37.1",
  compose: "5.6.0",
  gh: "2.102.0",
}

const ENTRIES = {
  runner: {
    title: "GitHub Actions runner",
    upstream: {
      version: version.runner,
      unpack: { kind: "tar", strip: 0, into: RUNNER_HOME },
      files: files(
        (p) =>
          `https://github.com/actions/runner/releases/download/v${version.runner}/actions-runner-linux-${p.vendor}-${version.runner}.tar.gz`,
        [
          "af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32",
          "628b4a7258487b80c1d3c221095a7ded349f5ae0175fd3dfab708d07428f041b",
        ],
      ),
    },
    registry: { kind: "project", folder: "stand-in", into: RUNNER_HOME },
    owner: "1001:1001",
  },
  node: {
    title: "Node.js",
    upstream: {
      version: version.node,
      unpack: { kind: "tar", strip: 1, into: "/usr/local", without: NODE_DOCUMENTATION },
      files: files(
        (p) => `https://nodejs.org/dist/v${version.node}/node-v${version.node}-linux-${p.vendor}.tar.xz`,
        [
          "fd8e59d5a511510f6a298afb548f18c7d2b1be404d8b4a27d94fbe49f56cb2d6",
          "6ad1325edbdb5649c379b75a237147a666c95d4f9ae8d340fef2d1575d289ad2",
        ],
      ),
    },
    registry: {
      kind: "npm",
      version: version.node,
      unpack: { kind: "tar", strip: 1, into: "/usr/local", without: [...NODE_DOCUMENTATION, "package.json"] },
      packages: npmPackages(
        (p) => `node-linux-${p.vendor}`,
        [
          "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
          "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
        ],
      ),
    },
  },
  npm: {
    title: "npm",
    // Node.js' own archive carries npm; the registry's Node.js packages do not.
    registry: {
      kind: "npm",
      version: version.npm,
      unpack: { kind: "tar", strip: 1, into: "/usr/local/lib/node_modules/npm", without: ["docs", "man"] },
      links: {
        "/usr/local/bin/npm": "../lib/node_modules/npm/bin/npm-cli.js",
        "/usr/local/bin/npx": "../lib/node_modules/npm/bin/npx-cli.js",
      },
      packages: npmPackages(
        () => "npm",
        ["sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A=="],
      ),
    },
  },
  docker: {
    title: "Docker CLI",
    upstream: {
      version: version.docker,
      unpack: { kind: "tar", strip: 1, into: "/usr/local/bin", only: ["docker"] },
      files: files(
        (p) => `https://download.docker.com/linux/static/stable/${p.gnu}/docker-${version.docker}.tgz`,
        [
          "995d1ef289677f74fd58d8d2c35727b6a4ee389c69db8638a3e42d0487aa5b0f",
          "76a624e4a8e5da654d1150e808175125efb5a6f1b6aa1cbd9caee18f51047a50",
        ],
      ),
    },
    registry: { kind: "deb", package: "docker-cli" },
  },
  buildx: {
    title: "Docker buildx",
    upstream: {
      version: version.buildx,
      unpack: { kind: "program", path: "/usr/local/lib/docker/cli-plugins/docker-buildx" },
      files: files(
        (p) =>
          `https://github.com/docker/buildx/releases/download/v${version.buildx}/buildx-v${version.buildx}.linux-${p.arch}`,
        [
          "9447199cdb435f25880548343c128a4b6650e8891ee598905d8d29d39a8e359b",
          "e5cc9fe3bbff5cbc91230981f7860e06076110730a2db997082652199042a1f2",
        ],
      ),
    },
    registry: { kind: "deb", package: "docker-buildx" },
  },
  compose: {
    title: "Docker Compose",
    upstream: {
      version: version.compose,
      unpack: { kind: "program", path: "/usr/local/lib/docker/cli-plugins/docker-compose" },
      files: files(
        (p) => `https://github.com/docker/compose/releases/download/v${version.compose}/docker-compose-linux-${p.gnu}`,
        [
          "40343e21ca777173e69cff5dbafeb37c6f81f3b0d57d9e597f036e95eb63e76a",
          "733ec76717ceb59052a9609b9dadfb523b2df8eab57a54212872d10a58078ea2",
        ],
      ),
    },
    registry: { kind: "deb", package: "docker-compose" },
  },
  gh: {
    title: "GitHub CLI",
    upstream: {
      version: version.gh,
      unpack: { kind: "tar", strip: 2, into: "/usr/local/bin", only: ["gh"] },
      files: files(
        (p) => `https://github.com/cli/cli/releases/download/v${version.gh}/gh_${version.gh}_linux_${p.arch}.tar.gz`,
        [
          "bb766f710eef8ede859c18578c72c327597cd4c8a85b06001b1f3843c6019386",
          "7862c86c72f43df3a2d93ddde6f473285b4e2af61b494849846827e513ef6484",
        ],
      ),
    },
    registry: { kind: "deb", package: "gh" },
  },
} as const satisfies Record<string, z.input<typeof toolSchema>>

export type ToolName = keyof typeof ENTRIES
export const TOOLS = Object.keys(ENTRIES) as ToolName[]

let parsed: Record<ToolName, CatalogTool> | undefined

/**
 * One tool's entry, validated.
 *
 * @throws RunnerImagesError CATALOG_INVALID naming the first field that is wrong
 */
export function catalogTool(name: ToolName): CatalogTool {
  parsed ??= parseCatalog(ENTRIES) as Record<ToolName, CatalogTool>
  return parsed[name]
}

/** Validates a catalog: every entry has all platforms, https and a full checksum. */
export function parseCatalog(entries: unknown): Record<string, CatalogTool> {
  const result = z.record(z.string(), toolSchema).safeParse(entries)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new RunnerImagesError(
    "CATALOG_INVALID",
    `The catalog's ${issue?.path.join(".") ?? "entries"} is wrong: ${issue?.message ?? "unknown"}.`,
    "Correct dagger/src/core/catalog.ts.",
  )
}

/** The upstream URLs of some tools on some platforms, for asking whether they answer. */
export function upstreamUrls(tools: readonly ToolName[], platforms: readonly PlatformName[]): string[] {
  return tools.flatMap((name) => {
    const upstream = catalogTool(name).upstream
    return upstream ? platforms.map((platform) => upstream.files[platform].url) : []
  })
}
