import { section, table, text } from "../text/markdown.js"
import { AREAS, type Examination, type Finding, type Lookup } from "./finding.js"

type Image = Examination["images"][number]

/** An examination for people: for each image what was asked, and a table of what was found. */
export function examinationMarkdown({ variant, version, index, asked, images, allowList }: Examination): string {
  const facts = [
    ...(index === undefined ? [] : [`- Image: \`${index}\``]),
    `- Asked: ${asked}. Another day may have another answer.`,
    ...allowList.expired.map((entry) => `- **Expired in the allow-list: ${text(entry)}**`),
    ...allowList.unused.map((entry) => `- Unused in the allow-list: ${text(entry)}`),
  ]
  const parts = images.map((image) => section(imageTitle(image), imageBody(image)))
  return [`# Known vulnerabilities of ${text(variant)} ${text(version)}`, facts.join("\n"), ...parts].join("\n\n")
}

/** @example "linux/amd64: 2 found, 1 of them accepted, not everything checked" */
function imageTitle({ platform, findings, lookups }: Image): string {
  const accepted = findings.filter((finding) => finding.accepted).length
  const parts = [
    findings.length === 0 ? "none found" : `${findings.length} found`,
    ...(accepted === 0 ? [] : [`${accepted} of them accepted`]),
    ...(lookups.some(({ notChecked, except }) => (notChecked ?? except) !== undefined)
      ? ["not everything checked"]
      : []),
  ]
  return `${text(platform)}: ${parts.join(", ")}`
}

function imageBody({ lookups, findings }: Image): string {
  const order = [...findings].sort((a, b) => AREAS.indexOf(a.area) - AREAS.indexOf(b.area))
  const rows = table(["Name", "Version", "Fixed in", "Severity", "Advisory", "Accepted"], order.map(rowOf))
  return [lookups.map(lookupLine).join("\n"), rows].filter((part) => part !== "").join("\n\n")
}

const TITLES = { distribution: "Distribution", npm: "npm", tools: "Tools" }

function lookupLine({ area, checked, notChecked, except, accepted }: Lookup): string {
  const said = accepted ? ` (accepted until ${accepted.expires}: ${text(accepted.reason)})` : ""
  if (checked === undefined) return `- ${TITLES[area]}: **not checked**: ${text(notChecked ?? "")}${said}`
  return `- ${TITLES[area]}: ${text(checked)}${except === undefined ? "" : `; **not checked**: ${text(except)}${said}`}`
}

function rowOf({ name, version, packages = [], fixed, affected, ids, severity, title, url, accepted }: Finding) {
  const others = packages.filter((one) => one !== name)
  const advisory = ids.length === 0 ? "" : `${text(ids.join(", "))}${title === undefined ? "" : `: ${text(title)}`}`
  return [
    `${text(name)}${others.length === 0 ? "" : ` (${text(packages.join(", "))})`}`,
    text(version),
    fixed === undefined ? (affected === undefined ? "" : `affected: ${text(affected)}`) : text(fixed),
    severity,
    // Only what can be an address, and nothing that ends it early.
    url !== undefined && /^https:\/\/[^\s()<>|\\]+$/.test(url) ? `[${advisory}](${url})` : advisory,
    accepted ? `until ${accepted.expires}: ${text(accepted.reason)}` : "",
  ]
}
