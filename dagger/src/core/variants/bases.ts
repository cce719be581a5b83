import { parseChoice } from "../text/choice.js"
import { RunnerImagesError } from "../errors.js"
import { PLATFORMS, spelling } from "../platforms.js"

/**
 * What images can be built on: Docker Official Images, by the names that Docker Hub's library has for them. Variants name packages as
 * Debian does; what another distribution calls otherwise or does not have is here, and nowhere else.
 */
interface Base {
  /** Debian's name of a package → the name here. */
  packages: Readonly<Record<string, string>>
  /** Debian's packages that are not here, and why. */
  absent: Readonly<Record<string, string>>
  /** apt's sources for the packages of all platforms, where those that the image has are for its own platform alone. */
  aptSources?: { path: string; text: string }
}

/** Ubuntu has its processors on several servers. Updates of security are in each of them. */
function ubuntuSources(release: string): NonNullable<Base["aptSources"]> {
  const stanzas = PLATFORMS.map((platform) => {
    const { ubuntuArchive, debian } = spelling(platform)
    return `Types: deb
URIs: ${ubuntuArchive}
Suites: ${release} ${release}-updates ${release}-security
Components: main universe
Architectures: ${debian}
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
`
  })
  return { path: "/etc/apt/sources.list.d/ubuntu.sources", text: stanzas.join("\n") }
}

const CHROMIUM_IS_A_SNAP = "Ubuntu has Chromium as a snap, which a container cannot run"

const TABLE = {
  "debian:trixie-slim": { packages: {}, absent: {} },
  "ubuntu:24.04": {
    packages: {
      // The client has no package of its own.
      "docker-cli": "docker.io",
      // `docker-compose` is the first version there, in Python.
      "docker-compose": "docker-compose-v2",
      libicu76: "libicu74",
    },
    absent: { chromium: CHROMIUM_IS_A_SNAP, "chromium-driver": CHROMIUM_IS_A_SNAP },
    aptSources: ubuntuSources("noble"),
  },
} satisfies Record<string, Base>

export type BaseName = keyof typeof TABLE

/** All of them; the first is meant when nothing is said. */
export const BASES = ["debian:trixie-slim", "ubuntu:24.04"] as const satisfies readonly BaseName[]
export const DEFAULT_BASE: BaseName = BASES[0]

/**
 * Reads what images are to be built on.
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

/**
 * What a base calls one of Debian's packages; names that it does not know otherwise stay.
 *
 * @example packageOn("ubuntu:24.04", "libicu76") ⇒ "libicu74"
 * @throws RunnerImagesError BASE_INVALID when it has none
 */
export function packageOn(base: BaseName, name: string): string {
  const { packages, absent }: Base = TABLE[base]
  const why = absent[name]
  if (why !== undefined)
    throw new RunnerImagesError(
      "BASE_INVALID",
      `On ${base} there is no package ${name}: ${why}.`,
      `Use --sources upstream where vendors' downloads answer, or --base ${DEFAULT_BASE}.`,
    )
  return packages[name] ?? name
}
