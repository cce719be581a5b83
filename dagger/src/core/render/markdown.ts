import { parityMarkdown } from "./image-parity.js"
import { countChecks, countsText } from "./check-counts.js"
import { megabytes, section, table, text } from "../text/markdown.js"
import { runnerText } from "../report/runner-text.js"
import type { CheckResult, ImageLayer, PlatformReport, Report } from "../report/report.js"
import { budgetedLayers, difference, percent, totalBytes } from "../oci/sizes.js"

/** A report as Markdown: what was built, what the checks found, what is inside. For people, and for CI's summary pages. */
export function renderMarkdown(report: Report): string {
  return [
    `# ${report.variant} ${report.version}`,
    facts(report),
    section("Platforms", platforms(report)),
    section("Failed checks", checksWith("failed", report)),
    section("Inconclusive checks", checksWith("inconclusive", report)),
    section("Skipped checks", checksWith("skipped", report)),
    section("Accepted findings", accepted(report)),
    section("Checks", checks(report)),
    section("Tools", tools(report)),
    section("Sources of tools", sources(report)),
    section("Known vulnerabilities", vulnerabilities(report)),
    section("Parity", parity(report)),
    section("Sizes", [sizes(report), costs(report)].filter((part) => part !== "").join("\n\n")),
    section("Package archives", releases(report)),
    section("Time", times(report)),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n")
}

function facts({ index, created, sources, runner }: Report): string {
  return [
    index === undefined ? "- **No image was written.**" : `- Index: \`${index}\``,
    `- Created: ${created}`,
    ...(sources.requested === undefined ? [] : [`- Requested sources: ${sources.requested}`]),
    `- Runner: **${runner.kind}** ${runnerText(runner)}`,
  ].join("\n")
}

function platforms({ platforms }: Report): string {
  const head = ["Platform", "Manifest", "Compressed", "Packages", "Installed", "Checks", "Seconds"]
  return table(
    head,
    platforms.map((platform) => [
      platform.platform,
      platform.digest === undefined ? "" : `\`${platform.digest}\``,
      platform.compressedBytes === undefined ? "" : megabytes(platform.compressedBytes),
      String(platform.packages.length),
      installation(platform),
      countsText(countChecks(platform.checks)),
      seconds(totalSeconds(platform)),
    ]),
  )
}

/** How the packages were installed, and why native binaries were not used. */
function installation({ installation }: PlatformReport): string {
  if (!installation) return ""
  return installation.reason === undefined
    ? installation.method
    : `${installation.method}: ${text(installation.reason)}`
}

function checksWith(status: CheckResult["status"], { platforms }: Report): string {
  return table(
    ["Platform", "Check", "Expected", "Actual", "Reason"],
    platforms.flatMap(({ platform, checks }) =>
      checks
        .filter((check) => check.status === status)
        .map(({ name, expected = "", actual = "", findings, reason = "" }) => [
          platform,
          text(name),
          text(expected),
          text(findings?.join("\n") ?? actual),
          text(reason),
        ]),
    ),
  )
}

/** What checks of files found and what is right for the image, and the entries of the definition that accepted nothing. */
function accepted({ platforms, unusedAccept = [] }: Report): string {
  const rows = platforms.flatMap(({ platform, checks }) =>
    checks.flatMap(({ name, accepted = [] }) =>
      accepted.map(({ finding, reason, by }) => [platform, name, text(finding), by, text(reason)]),
    ),
  )
  const unused = unusedAccept.map(
    ({ check, finding }) => `- The definition accepts what is not there: ${check} ${text(finding)}`,
  )
  return [table(["Platform", "Check", "Finding", "Accepted by", "Reason"], rows), unused.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n")
}

/** One row per check, one column per platform. */
function checks({ platforms }: Report): string {
  const all = new Map(platforms.flatMap(({ checks }) => checks.map(({ name, proves }) => [name, proves])))
  return table(
    ["Check", "Proves", ...platforms.map(({ platform }) => platform)],
    [...all].map(([name, proves]) => [
      text(name),
      text(proves),
      ...platforms.map(({ checks }) => result(checks.find((check) => check.name === name))),
    ]),
  )
}

/** `passed, 1.2 s`, or `passed by chrome` if it ran in another variant's image. */
function result(check: CheckResult | undefined): string {
  if (!check) return ""
  const { status, seconds, attempts, provedBy } = check
  return [
    provedBy === undefined ? status : `${status} by ${text(provedBy)}`,
    ...(seconds === undefined ? [] : [`${seconds.toFixed(1)} s`]),
    ...(attempts === undefined ? [] : ["at the second attempt"]),
  ].join(", ")
}

/** One row per tool, one column per platform, so that differences in version stand out. */
function tools({ platforms }: Report): string {
  const names = new Set(platforms.flatMap(({ tools }) => tools.map(({ name }) => name)))
  const cell = (name: string, { tools }: PlatformReport) => {
    const tool = tools.find((candidate) => candidate.name === name)
    return tool ? `${text(tool.version)} (${text(tool.source)})` : ""
  }
  return table(
    ["Tool", ...platforms.map(({ platform }) => platform)],
    [...names].map((name) => [text(name), ...platforms.map((platform) => cell(name, platform))]),
  )
}

/** The tools whose pinned versions have known vulnerabilities. */
function vulnerabilities({ platforms }: Report): string {
  return table(
    ["Platform", "Tool", "Version", "Vulnerabilities"],
    platforms.flatMap(({ platform, tools }) =>
      tools.flatMap(({ name, version, vulnerabilities: ids = [] }) =>
        ids.length === 0 ? [] : [[platform, text(name), text(version), ids.map(text).join(", ")]],
      ),
    ),
  )
}

/** Which kind of source each tool came from, and why. */
function sources({ sources: { tools } }: Report): string {
  return table(
    ["Tool", "From", "Reason"],
    Object.entries(tools).map(([name, { from, reason }]) => [text(name), from, text(reason)]),
  )
}

/** The platforms' images side by side, or why they were not compared. */
function parity({ parity }: Report): string {
  if (!parity) return ""
  return "skipped" in parity ? `Not compared: ${text(parity.skipped)}.` : parityMarkdown(parity)
}

/** One row per layer, and the totals; unpacked and compressed on each platform. */
function sizes({ platforms }: Report): string {
  const measured = platforms.flatMap(({ platform, layers, shared }) => (layers ? [{ platform, layers, shared }] : []))
  const names = new Set(measured.flatMap(({ layers }) => layers.map(({ name }) => name)))
  const row = (title: string, of: (layers: readonly ImageLayer[]) => readonly ImageLayer[]) => [
    title,
    ...measured.flatMap(({ layers }) => {
      const counted = of(layers)
      return counted.length === 0
        ? ["", ""]
        : [megabytes(totalBytes(counted)), megabytes(counted.reduce((sum, layer) => sum + layer.compressedBytes, 0))]
    }),
  ]
  if (measured.length === 0) return ""
  const layers = table(
    ["Layer", ...measured.flatMap(({ platform }) => [`${platform}, unpacked`, "compressed"])],
    [
      ...[...names].map((name) => row(text(name), (layers) => layers.filter((layer) => layer.name === name))),
      row("**all except the runner**", budgetedLayers),
      row("**all**", (layers) => layers),
    ],
  )
  const lines = measured.flatMap(({ platform, layers, shared }) =>
    shared
      ? [
          `- ${platform}: ${percent(shared.bytes / totalBytes(layers))} of its bytes are layers of ${text(shared.variant)}.`,
        ]
      : [],
  )
  const apart = difference(measured.map(({ layers }) => totalBytes(layers)))
  return [layers, [...(measured.length > 1 ? [`- Platforms differ by ${percent(apart)}.`] : []), ...lines].join("\n")]
    .filter((part) => part !== "")
    .join("\n\n")
}

/** The size of each tool, one column per platform. */
function costs({ platforms }: Report): string {
  const measured = platforms.filter(({ tools }) => tools.some(({ bytes }) => bytes !== undefined))
  const names = new Set(measured.flatMap(({ tools }) => tools.map(({ name }) => name)))
  const cell = (name: string, { tools }: PlatformReport) => {
    const tool = tools.find((candidate) => candidate.name === name)
    if (tool?.bytes === undefined) return ""
    return `${megabytes(tool.bytes)}${tool.source.startsWith("deb:") ? ", as dpkg estimates" : ""}`
  }
  return table(
    ["Tool, unpacked", ...measured.map(({ platform }) => platform)],
    [...names].map((name) => [text(name), ...measured.map((platform) => cell(name, platform))]),
  )
}

function releases({ releases }: Report): string {
  return table(
    ["Release file", "Date", "sha256"],
    releases.map(({ name, date, sha256 }) => [text(name), date, `\`${sha256}\``]),
  )
}

/** One row per step, in the order in which they ran. */
function times({ platforms }: Report): string {
  const names = new Set(platforms.flatMap(({ steps }) => steps.map(({ name }) => name)))
  const cell = (name: string, { steps }: PlatformReport) => {
    const found = steps.filter((step) => step.name === name)
    return found.length === 0 ? "" : seconds(found.reduce((sum, step) => sum + step.seconds, 0))
  }
  return table(
    ["Step, seconds", ...platforms.map(({ platform }) => platform)],
    [...names].map((name) => [text(name), ...platforms.map((platform) => cell(name, platform))]),
  )
}

function totalSeconds({ steps }: PlatformReport): number {
  return steps.reduce((sum, step) => sum + step.seconds, 0)
}

function seconds(value: number): string {
  return value.toFixed(1)
}
