import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { billedReport } from "../core/sbom/seeded-report.js"
import { refusal, WORK } from "./command-line.js"

const BUILD = join(WORK, "examined")
const written = (name: string, text: string) => {
  writeFileSync(join(BUILD, name), text)
  return join(BUILD, name)
}

beforeAll(() => {
  mkdirSync(BUILD, { recursive: true })
  written("report.json", JSON.stringify(billedReport()))
})

describe("vulnerabilities refuses, before it asks anybody,", () => {
  it.each([
    ["what does not exist", () => [join(BUILD, "none")], "The report: <work>/examined/none does not exist."],
    [
      "what is no report",
      () => [written("text", "hello")],
      "No vulnerabilities can be looked up for the report: it is not JSON. [REPORT_INVALID]",
    ],
    [
      "what is no severity",
      () => [BUILD, "--fail-on", "hgih"],
      '"hgih" is not a severity. [USAGE]\nDid you mean high?',
    ],
    [
      "a list that does not exist",
      () => [BUILD, "--allow-list", join(BUILD, "none.yaml")],
      "--allow-list: <work>/examined/none.yaml does not exist. [ALLOW_LIST_INVALID]",
    ],
    [
      "a list without a reason",
      () => [BUILD, "--allow-list", written("list.yaml", "- {id: CVE-1, expires: 2027-01-31}")],
      "<work>/examined/list.yaml is not a list of accepted vulnerabilities: 0.reason: Invalid input",
    ],
    ["a mirror that is no URL", () => [BUILD, "--mirror", "here"], '"here" is not a URL. [MIRROR_INVALID]'],
    ["more than one build", () => [BUILD, BUILD], "vulnerabilities does not take"],
  ])("%s", async (_, words, why) => {
    expect(await refusal("vulnerabilities", ...words())).toContain(`2\nerror: ${why}`)
  })
})
