import { VULNERABILITIES } from "../../dagger/src/core/catalog/vulnerabilities.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { spelling } from "../../dagger/src/core/platforms.js"
import type { PlatformReport, Report } from "../../dagger/src/core/report/report.js"
import { PROJECT_VERSION } from "../../dagger/src/core/version.js"
import { accept, type AllowedEntry } from "../../dagger/src/core/vulnerabilities/allow-list.js"
import { lastSeen, securitySuiteFor } from "../../dagger/src/core/vulnerabilities/examined-report.js"
import type { Examination, Finding, Lookup } from "../../dagger/src/core/vulnerabilities/finding.js"
import { assertAccepted, type FailOn } from "../../dagger/src/core/vulnerabilities/gate.js"
import { toolFindings } from "../../dagger/src/core/vulnerabilities/known-tools.js"
import { examinationMarkdown } from "../../dagger/src/core/vulnerabilities/markdown.js"
import { advisoryQuestion, npmFindings } from "../../dagger/src/core/vulnerabilities/npm-advisories.js"
import { outdatedPackages } from "../../dagger/src/core/vulnerabilities/outdated-packages.js"
import type { RegistryAnswer } from "../advisories/npm-registry.js"
import { readSecurityArchive, type FetchFile } from "../advisories/security-archive.js"
import type { CommandContext } from "../input/context.js"
import type { TrustedKey } from "../signatures/keys.js"

export interface VulnerabilitiesRun {
  report: Report
  /** The severity from which on vulnerabilities are an error. */
  failOn?: FailOn
  allowList?: readonly AllowedEntry[]
  json: boolean
}

/** Who knows of vulnerabilities. */
export interface AdvisoryAccess {
  /** Files of distributions' archives. */
  file: FetchFile
  /** @param set in `KEYS` */
  keys: (set: string) => readonly TrustedKey[]
  /** Rejects with an Error that says why there is no answer. */
  npm: (question: Readonly<Record<string, readonly string[]>>) => Promise<RegistryAnswer>
  now: Date
}

/**
 * Looks up the known vulnerabilities of a build's images, and prints them.
 *
 * @throws RunnerImagesError VULNERABILITIES_FOUND after the answer, if they are an error; SIGNATURE_INVALID or ARCHIVE_INVALID
 */
export async function runVulnerabilities(
  context: CommandContext,
  { report, failOn, allowList = [], json }: VulnerabilitiesRun,
  access: AdvisoryAccess,
): Promise<void> {
  const examination = accept(await examine(report, access), allowList)
  context.terminal.close()
  context.answer(json ? JSON.stringify(examination, null, 2) : examinationMarkdown(examination))
  if (failOn !== undefined) assertAccepted(examination, failOn)
}

interface Answer {
  lookup: Lookup
  findings: Finding[]
}

async function examine(report: Report, access: AdvisoryAccess): Promise<Examination> {
  const npm = await askNpm(report.platforms, access)
  const images: Examination["images"] = []
  // One after the other, so that of several problems it is always the first one that is named.
  for (const entry of report.platforms) {
    const answers = [await distributionOf(report, entry, access), npm(entry), toolsOf(entry)]
    const { platform, digest } = entry
    images.push({
      ...{ platform, ...(digest === undefined ? {} : { digest }) },
      lookups: answers.map(({ lookup }) => lookup),
      findings: answers.flatMap(({ findings }) => findings),
    })
  }
  const { variant, version, index } = report
  const asked = access.now.toISOString().replace(/\.\d+Z$/, "Z")
  return {
    ...{ variant, version, ...(index === undefined ? {} : { index }), asked, images },
    allowList: { unused: [], expired: [] },
  }
}

async function distributionOf(report: Report, entry: PlatformReport, access: AdvisoryAccess): Promise<Answer> {
  const area = "distribution"
  const known = securitySuiteFor(report, entry)
  if ("unknown" in known) return { lookup: { area, notChecked: known.unknown }, findings: [] }
  const { suite, platform } = known
  const question = {
    ...{ suite, keys: access.keys(suite.keys), architecture: spelling(platform).debian },
    ...{ now: access.now, lastSeen: lastSeen(report, suite) },
  }
  try {
    const { release, key, offered } = await readSecurityArchive(question, access.file)
    const checked = `${suite.url} of ${release.date}, signed with ${key}`
    const except = entry.installed ? {} : { except: "the base's own packages, which the report does not list" }
    return { lookup: { area, checked, ...except }, findings: outdatedPackages(entry, offered) }
  } catch (error) {
    // What is not signed is an error; what cannot be reached is not known.
    if (error instanceof RunnerImagesError) throw error
    return { lookup: { area, notChecked: reason(error) }, findings: [] }
  }
}

/** Asks once for the packages of all images. */
async function askNpm(
  entries: readonly PlatformReport[],
  access: AdvisoryAccess,
): Promise<(entry: PlatformReport) => Answer> {
  const area = "npm"
  const question = advisoryQuestion(entries.flatMap(({ installed }) => installed?.npm ?? []))
  const number = Object.keys(question).length
  if (number === 0) return ({ installed }) => ({ lookup: nothingToAsk(installed), findings: [] })
  try {
    const { registry, advisories } = await access.npm(question)
    return ({ installed }) => {
      if (!installed) return { lookup: nothingToAsk(installed), findings: [] }
      const odd = installed.npm.filter(({ name, version }) => question[name]?.includes(version) !== true)
      const except =
        odd.length === 0
          ? {}
          : { except: `folders without a version of npm's: ${odd.map(({ path }) => path).join(", ")}` }
      const checked = `${installed.npm.length - odd.length} packages, at ${registry}`
      return { lookup: { area, checked, ...except }, findings: npmFindings(installed.npm, advisories) }
    }
  } catch (error) {
    return () => ({ lookup: { area, notChecked: reason(error) }, findings: [] })
  }
}

function nothingToAsk(installed: PlatformReport["installed"]): Lookup {
  return installed
    ? { area: "npm", checked: "the image has no packages of npm" }
    : { area: "npm", notChecked: "the report does not list them" }
}

function toolsOf({ tools }: PlatformReport): Answer {
  const checked = `in the list of runner-images ${PROJECT_VERSION}, which has ${VULNERABILITIES.length} and is not complete`
  return { lookup: { area: "tools", checked }, findings: toolFindings(tools) }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
