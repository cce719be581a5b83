import type { InstalledSoftware, PlatformReport, Report, Tool } from "../../../../dagger/src/core/report/report.js"
import { platformReport, report } from "../report/reports.js"

export const BASE = `docker.io/library/debian:trixie-slim@sha256:${"b".repeat(64)}`
const RUNNER = "https://github.com/actions/runner/releases/download/v2.340.0/actions-runner-linux-x64-2.340.0.tar.gz"
const NODE_MODULES = "/usr/local/lib/node_modules"

export const dpkg = (
  name: string,
  version: string,
  source = { name, version },
  architecture = "amd64",
): InstalledSoftware["packages"][number] => ({ name, version, architecture, source })

/** Of every kind of source, with what registries have for checksums. */
export const TOOLS: Tool[] = [
  { name: "runner", version: "2.340.0", source: RUNNER, sha256: "1".repeat(64) },
  { name: "node", version: "24.1.0", source: "https://nodejs.example/dist/node.tar.xz", sha256: "2".repeat(64) },
  {
    name: "npm",
    version: "11.2.0",
    source: "npm:npm@11.2.0",
    integrity: `sha512-${Buffer.alloc(64, 0xab).toString("base64")}`,
  },
  { name: "playwright", version: "1.65.1", source: "npm:@example/playwright@1.65.1" },
  { name: "gh", version: "2.46.0-3", source: "deb:gh", sha256: "3".repeat(64) },
  { name: "go", version: "1.27.3", source: "go:golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64", integrity: "h1:bb=" },
]

/** As dpkg and the scan have them. */
export const INSTALLED: InstalledSoftware = {
  packages: [
    dpkg("gh", "2.46.0-3"),
    dpkg("git", "1:2.47.3-0+deb13u1"),
    dpkg("jq", "1.7.1-6+b1", { name: "jq", version: "1.7.1-6" }),
    dpkg("libc6", "2.41-12", { name: "glibc", version: "2.41-12" }),
    dpkg("libstdc++6", "14.2.0-19", { name: "gcc-14", version: "14.2.0-19" }),
    dpkg("tzdata", "2026a-1", undefined, "all"),
  ],
  npm: [
    { name: "npm", version: "11.2.0", license: "Artistic-2.0", path: `${NODE_MODULES}/npm` },
    {
      name: "@npmcli/arborist",
      version: "9.0.0",
      license: "ISC",
      path: `${NODE_MODULES}/npm/node_modules/@npmcli/arborist`,
    },
    { name: "semver", version: "7.7.0", license: "(MIT OR ISC)", path: `${NODE_MODULES}/npm/node_modules/semver` },
    { name: "semver", version: "7.7.0", license: "(MIT OR ISC)", path: "/opt/app/node_modules/semver" },
    { name: "spoken", version: "1.0.0", license: "SEE LICENSE IN README", path: "/opt/app/node_modules/spoken" },
    { name: "unsaid", version: "1.0.0", path: "/opt/app/node_modules/unsaid" },
  ],
}

/** The entry of a build's report for one platform. */
export function billedEntry(platform = "linux/amd64", change: Partial<PlatformReport> = {}): PlatformReport {
  return platformReport(platform, {
    base: BASE,
    packages: [
      { name: "gh", version: "2.46.0-3", sha256: "3".repeat(64) },
      { name: "git", version: "1:2.47.3-0+deb13u1", sha256: "a".repeat(64) },
    ],
    tools: TOOLS,
    installed: INSTALLED,
    ...change,
  })
}

/** The report of a build that lists what is installed. */
export function billedReport(change: Partial<Report> = {}): Report {
  return report({
    request: { base: "debian:trixie-slim", compression: "gzip" },
    platforms: [billedEntry(), billedEntry("linux/arm64")],
    ...change,
  })
}
