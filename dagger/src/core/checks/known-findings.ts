import type { RunnerKind } from "../report/report.js"
import type { CheckContext } from "./check.js"

/** A finding of a static check that is known to be harmless. */
export interface KnownFinding {
  /** The check's name: `elf/libraries`. */
  check: string
  /** The finding, in the check's wording. */
  finding: RegExp
  /** Where it comes from. If an image has that, the entry must suppress something, or it is out of date. */
  from: { package: string } | { tool: string } | { runner: RunnerKind }
  reason: string
  /** Why it may suppress nothing although it applies: a vendor's archives differ between platforms, for example. */
  varies?: string
}

export const KNOWN_FINDINGS: readonly KnownFinding[] = [
  {
    check: "elf/machine",
    finding: /^\/usr\/local\/go\/src\/.+\.syso is /,
    from: { tool: "go" },
    reason: "Go contains objects for every machine for which it builds programs, such as the race detector's.",
  },
  {
    check: "elf/machine",
    finding: /^\/usr\/local\/go\/src\/.+\/testdata\/.+ is /,
    from: { tool: "go" },
    reason: "Go's own tests read them; nothing runs them.",
    varies: "Go's archive contains its test data; the toolchain from its module proxy may not.",
  },
  {
    check: "elf/libraries",
    finding: /^\/usr\/local\/go\/src\/.+\/testdata\/.+ needs /,
    from: { tool: "go" },
    reason: "Go's own tests read them; nothing runs them.",
    varies: "They are for one of the platforms, and are only findings on that one.",
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
    reason: "Its lock, an empty file that it recreates whenever it runs.",
    varies: "Only packages that add an account run it.",
  },
  {
    check: "files/capabilities",
    finding: /^\/usr\/bin\/ping$/,
    from: { package: "iputils-ping" },
    reason: "Its package gives it the capability to send packets of its own.",
    varies: "Only Ubuntu's does; Debian's relies on the kernel's ping_group_range.",
  },
  {
    check: "elf/libraries",
    finding: /^\/home\/runner\/externals\/node\d+_alpine\//,
    from: { runner: "official" },
    reason: "The runner mounts this Node.js into jobs' Alpine containers, where its dynamic linker is.",
    varies: "actions/runner ships it for one platform only (src/Misc/externals.sh).",
  },
  {
    check: "elf/libraries",
    finding: /^\/home\/runner\/bin\/libcoreclrtraceptprovider\.so needs liblttng-ust\.so\.0$/,
    from: { runner: "official" },
    reason: ".NET loads it for tracing if it can, and continues without it (dotnet/runtime#57784).",
    varies: "Which LTTng it is linked with differs by platform and release.",
  },
]

/** The entries that apply to this image. */
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
