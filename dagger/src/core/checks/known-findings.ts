import type { CheckContext } from "./check.js"

/** Something that a static check would complain of, and that is right as it is. */
export interface KnownFinding {
  /** The check's name: `elf/libraries`. */
  check: string
  /** The complaint, as the check words it. */
  finding: RegExp
  /** What brings it into an image. Where that is, the entry must suppress something, or it is out of date. */
  from: { package: string } | { tool: string } | { runner: "actions" | "stand-in" }
  reason: string
  /** Why it may suppress nothing where it applies: a vendor's archives are not alike on all platforms, say. */
  varies?: string
}

export const KNOWN_FINDINGS: readonly KnownFinding[] = [
  {
    check: "elf/machine",
    finding: /^\/usr\/local\/go\/src\/.+\.syso is /,
    from: { tool: "go" },
    reason: "Go brings objects for every machine that it builds programs for, the race detector's among them.",
  },
  {
    check: "elf/machine",
    finding: /^\/usr\/local\/go\/src\/.+\/testdata\/.+ is /,
    from: { tool: "go" },
    reason: "Go's own tests read them; nothing runs them.",
    varies: "Go's archive has its test data, the toolchain of its module proxy need not.",
  },
  {
    check: "elf/libraries",
    finding: /^\/usr\/local\/go\/src\/.+\/testdata\/.+ needs /,
    from: { tool: "go" },
    reason: "Go's own tests read them; nothing runs them.",
    varies: "They are for one of the platforms, and no findings on the other.",
  },
  {
    check: "files/secrets",
    finding: /^\/usr\/local\/go\/src\/crypto\/.+: private key$/,
    from: { tool: "go" },
    reason: "Keys of Go's examples and tests, as public as its source.",
  },
  {
    check: "files/secrets",
    finding: /^\/etc\/chromium\.d\/apikeys: Google API key$/,
    from: { package: "chromium" },
    reason: "The distribution's own, as public as its package.",
  },
  {
    check: "files/leftovers",
    finding: /^\/run\/adduser$/,
    from: { package: "adduser" },
    reason: "Its lock, an empty file that it makes again whenever it runs.",
    varies: "Only packages that add an account run it.",
  },
  {
    check: "elf/libraries",
    finding: /^\/home\/runner\/externals\/node\d+_alpine\//,
    from: { runner: "actions" },
    reason: "The runner mounts this Node.js into jobs' Alpine containers, where its dynamic linker is.",
    varies: "actions/runner brings it for one platform only (src/Misc/externals.sh).",
  },
  {
    check: "elf/libraries",
    finding: /^\/home\/runner\/bin\/libcoreclrtraceptprovider\.so needs liblttng-ust\.so\.0$/,
    from: { runner: "actions" },
    reason: ".NET loads it for tracing, if it can, and goes on without (dotnet/runtime#57784).",
    varies: "Which LTTng it is linked with differs by platform and release.",
  },
]

/** The entries that speak of something in this image. */
export function knownFindings(
  { plan, packages, tools }: CheckContext,
  all: readonly KnownFinding[] = KNOWN_FINDINGS,
): KnownFinding[] {
  return all.filter(({ from }) => {
    if ("package" in from) return packages.some(({ name }) => name === from.package)
    if ("tool" in from) return tools.some(({ name }) => name === from.tool)
    return plan.runner === from.runner
  })
}
