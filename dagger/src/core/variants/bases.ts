import { parseChoice } from "../text/choice.js"
import { RunnerImagesError } from "../errors.js"
import { PLATFORMS, spelling, type PlatformName } from "../platforms.js"

/**
 * What images can be built on: Docker Official Images, by their names on Docker Hub. Variants use Debian's package names; only this
 * table knows which packages another distribution names differently or does not have.
 */
interface Base {
  /** As its os-release(5) names it. */
  distribution: Distribution
  /** Debian's name of a package → its name in this base. */
  packages: Readonly<Record<string, string>>
  /** Debian's packages that this base does not have, and why. */
  absent: Readonly<Record<string, string>>
  /** apt's sources for the packages of all platforms, if the image's own sources only cover its own platform. */
  aptSources?: { path: string; text: string }
  /** The distribution's archive as it was at any time. */
  snapshots: SnapshotService
  /** Where its security updates are. */
  security: { archive: (platform: PlatformName) => string; suite: string; components: readonly string[]; keys: string }
}

/** A distribution's ID and VERSION_ID. */
export interface Distribution {
  id: string
  version: string
}

/** Serves `URL/NAME/TIME` for each of a distribution's archives, with the time as in `20260131T235959Z`. */
export interface SnapshotService {
  url: string
  /** URL of an archive in apt's sources → its name in the service. */
  archives: Readonly<Record<string, string>>
}

/** The archive's suite with security updates. */
export interface SecuritySuite {
  /** Its folder: `http://deb.debian.org/debian-security/dists/trixie-security`. */
  url: string
  components: readonly string[]
  /** The keys that sign its Release file: a set in `src/signatures/keys.ts`. */
  keys: string
}

const UBUNTU_COMPONENTS = ["main", "universe"]

/** Ubuntu serves its architectures from different servers. Each of them also has the security updates. */
function ubuntuSources(release: string): NonNullable<Base["aptSources"]> {
  const stanzas = PLATFORMS.map((platform) => {
    const { ubuntuArchive, debian } = spelling(platform)
    return `Types: deb
URIs: ${ubuntuArchive}
Suites: ${release} ${release}-updates ${release}-security
Components: ${UBUNTU_COMPONENTS.join(" ")}
Architectures: ${debian}
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
`
  })
  return { path: "/etc/apt/sources.list.d/ubuntu.sources", text: stanzas.join("\n") }
}

const CHROMIUM_IS_A_SNAP = "Ubuntu ships Chromium as a snap, which cannot run in a container"

const TABLE = {
  "debian:trixie-slim": {
    distribution: { id: "debian", version: "13" },
    packages: {},
    absent: {},
    // https://snapshot.debian.org
    snapshots: {
      url: "http://snapshot.debian.org/archive",
      archives: {
        "http://deb.debian.org/debian": "debian",
        "http://deb.debian.org/debian-security": "debian-security",
      },
    },
    security: {
      archive: () => "http://deb.debian.org/debian-security",
      suite: "trixie-security",
      components: ["main"],
      keys: "debian-security-13",
    },
  },
  "ubuntu:24.04": {
    distribution: { id: "ubuntu", version: "24.04" },
    packages: {
      // The client has no separate package.
      "docker-cli": "docker.io",
      // `docker-compose` is Compose v1 there, in Python.
      "docker-compose": "docker-compose-v2",
      libicu76: "libicu74",
    },
    absent: { chromium: CHROMIUM_IS_A_SNAP, "chromium-driver": CHROMIUM_IS_A_SNAP },
    aptSources: ubuntuSources("noble"),
    // https://snapshot.ubuntu.com has the packages of all platforms in one archive.
    snapshots: {
      url: "https://snapshot.ubuntu.com",
      archives: Object.fromEntries(PLATFORMS.map((platform) => [spelling(platform).ubuntuArchive, "ubuntu"])),
    },
    security: {
      archive: (platform) => spelling(platform).ubuntuArchive,
      suite: "noble-security",
      components: UBUNTU_COMPONENTS,
      keys: "ubuntu-archive-2018",
    },
  },
} satisfies Record<string, Base>

export type BaseName = keyof typeof TABLE

/** All of them; the first is the default. */
export const BASES = ["debian:trixie-slim", "ubuntu:24.04"] as const satisfies readonly BaseName[]
export const DEFAULT_BASE: BaseName = BASES[0]

/**
 * Parses the base of the images.
 *
 * @param given undefined means the first of {@link BASES}
 * @throws RunnerImagesError BASE_INVALID when it is not one of them
 */
export function parseBase(given: string | undefined): BaseName {
  return parseChoice(given, {
    option: "base",
    words: BASES,
    code: "BASE_INVALID",
    noun: "a base that images can be built on",
  })
}

/** See {@link Base}. */
export function aptSourcesOf(base: BaseName): Base["aptSources"] {
  const entry: Base = TABLE[base]
  return entry.aptSources
}

/** See {@link Distribution}. */
export function distributionOf(base: BaseName): Distribution {
  return TABLE[base].distribution
}

/** See {@link SnapshotService}. */
export function snapshotsOf(base: BaseName): SnapshotService {
  return TABLE[base].snapshots
}

/** See {@link SecuritySuite}. */
export function securitySuiteOf(base: BaseName, platform: PlatformName): SecuritySuite {
  const { archive, suite, components, keys }: Base["security"] = TABLE[base].security
  return { url: `${archive(platform)}/dists/${suite}`, components, keys }
}

/**
 * A base's name for one of Debian's packages; it is the same unless the table says otherwise.
 *
 * @example packageOn("ubuntu:24.04", "libicu76") ⇒ "libicu74"
 * @throws RunnerImagesError BASE_INVALID when the base has no such package
 */
export function packageOn(base: BaseName, name: string): string {
  const { packages, absent }: Base = TABLE[base]
  const why = absent[name]
  if (why !== undefined)
    throw new RunnerImagesError(
      "BASE_INVALID",
      `${base} has no package ${name}: ${why}.`,
      `Use --sources upstream if vendors' downloads are reachable, or --base ${DEFAULT_BASE}.`,
    )
  return packages[name] ?? name
}
