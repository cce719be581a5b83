import { describe, expect, it } from "vitest"
import { accept, parseAllowList } from "../../../../dagger/src/core/vulnerabilities/allow-list.js"
import type { Examination, Finding } from "../../../../dagger/src/core/vulnerabilities/finding.js"
import { assertAccepted, parseFailOn } from "../../../../dagger/src/core/vulnerabilities/gate.js"
import { examinationMarkdown } from "../../../../dagger/src/core/vulnerabilities/markdown.js"

const OPENSSL: Finding = {
  ...{ area: "distribution", name: "openssl", version: "3.5.1-1", packages: ["libssl3t64", "openssl"] },
  ...{ fixed: "3.5.1-1+deb13u2", ids: [], severity: "unknown" },
}
const SEMVER: Finding = {
  ...{ area: "npm", name: "semver", version: "5.7.1", affected: "<5.7.2", ids: ["GHSA-c2qf-rxjj-qqgw"] },
  ...{ severity: "high", title: "semver | ReDoS", url: "https://github.com/advisories/GHSA-c2qf-rxjj-qqgw" },
}
const LOW: Finding = { ...SEMVER, name: "left-pad", version: "1.0.0", ids: ["GHSA-aaaa-bbbb-cccc"], severity: "low" }

function examination(findings: Finding[], change: Partial<Examination> = {}): Examination {
  const lookups = [{ area: "npm" as const, checked: "3 packages" }]
  return {
    ...{ variant: "standard", version: "0.1.0", asked: "2026-11-30T20:00:00Z", index: `sha256:${"1".repeat(64)}` },
    ...{ images: [{ platform: "linux/amd64", lookups, findings }], allowList: { unused: [], expired: [] } },
    ...change,
  }
}
const unchecked = (): Examination =>
  examination([], {
    images: [{ platform: "linux/amd64", lookups: [{ area: "npm", notChecked: "no answer" }], findings: [] }],
  })

/** The error's text; undefined if there is none. */
function refusal(given: Examination, failOn: Parameters<typeof assertAccepted>[1] = "any"): string | undefined {
  try {
    assertAccepted(given, failOn)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: "VULNERABILITIES_FOUND", exitCode: 3 })
    return (error as Error).message
  }
}

describe("--fail-on", () => {
  it("fails from a severity on, and for what nobody calls harmless", () => {
    expect(refusal(examination([]))).toBeUndefined()
    expect(refusal(examination([LOW]), "moderate")).toBeUndefined()
    expect(refusal(examination([LOW]), "low")).toContain("Found: 1 vulnerability of severity low or more.")
    expect(refusal(examination([LOW]))).toContain("Found: 1 vulnerability.")
    expect(refusal(examination([LOW, SEMVER, OPENSSL]), "critical")).toMatchInlineSnapshot(`
      "Found: 1 vulnerability of severity critical or more.
        linux/amd64: openssl 3.5.1-1, fixed in 3.5.1-1+deb13u2
      Build again with the newest packages and pins, or accept what remains for some time with --allow-list FILE. [VULNERABILITIES_FOUND]"
    `)
    expect(refusal(examination([SEMVER]), "high")).toContain(
      "linux/amd64: semver 5.7.1: GHSA-c2qf-rxjj-qqgw (high), affected: <5.7.2",
    )
  })

  it("fails if something could not be checked, or only in part", () => {
    expect(refusal(unchecked())).toContain(
      "Found: 1 area that could not be checked.\n  linux/amd64: npm not checked: no answer",
    )
    const lookups = [{ area: "distribution" as const, checked: "trixie-security", except: "the base" }]
    const images = [{ platform: "linux/amd64", lookups, findings: [] }]
    expect(refusal(examination([], { images }))).toContain("linux/amd64: distribution not checked: the base")
  })

  it("names the first findings only", () => {
    expect(refusal(examination(Array.from({ length: 40 }, () => SEMVER)))).toContain("\n  and 10 more\n")
  })

  it("takes severities alone", () => {
    expect(parseFailOn("HIGH")).toBe("high")
    expect(() => parseFailOn("hihg")).toThrow('"hihg" is not a severity. Did you mean high? [USAGE]')
    expect(() => parseFailOn("")).toThrow("--fail-on is empty.")
  })
})

describe("the list of what is accepted", () => {
  const entry = (text: string) =>
    parseAllowList(`- {${text}, reason: "no job uses it", expires: 2026-11-30}`, "list.yaml")

  it.each([
    ["a vulnerability", "id: GHSA-c2qf-rxjj-qqgw", SEMVER],
    ["all of a package", "package: semver", SEMVER],
    ["a vulnerability of a package", "id: GHSA-c2qf-rxjj-qqgw, package: semver", SEMVER],
    ["all of a source package", "package: openssl", OPENSSL],
    ["one that was built from it", "package: libssl3t64", OPENSSL],
  ])("accepts %s until the end of its last day", (_, text, finding) => {
    const accepted = accept(examination([finding]), entry(text))
    expect(accepted.images[0]?.findings).toEqual([
      { ...finding, accepted: { reason: "no job uses it", expires: "2026-11-30" } },
    ])
    expect(accepted.allowList).toEqual({ unused: [], expired: [] })
    expect(refusal(accepted)).toBeUndefined()
  })

  it.each(["id: GHSA-c2qf-rxjj-qqgx", "id: GHSA-c2qf-rxjj-qqgw, package: other", "package: semve", "unchecked: npm"])(
    "accepts nothing else: %s",
    (text) => {
      const accepted = accept(examination([SEMVER]), entry(text))
      expect(accepted.images[0]?.findings).toEqual([SEMVER])
      expect(accepted.allowList.unused).toHaveLength(1)
      expect(refusal(accepted)).toContain("Found: 1 vulnerability.")
    },
  )

  it("accepts that something cannot be checked", () => {
    expect(refusal(accept(unchecked(), entry("unchecked: npm")))).toBeUndefined()
    expect(refusal(accept(unchecked(), entry("unchecked: distribution")))).toContain("could not be checked")
  })

  it("fails for an entry that has expired, and says so", () => {
    const tomorrow = { asked: "2026-12-01T00:00:00Z" }
    const found = accept(examination([SEMVER], tomorrow), entry("package: semver"))
    expect(refusal(found)).toMatchInlineSnapshot(`
      "Found: 1 vulnerability, 1 expired entry in the allow-list.
        linux/amd64: semver 5.7.1: GHSA-c2qf-rxjj-qqgw (high), affected: <5.7.2
        accepted until it expired: semver, on 2026-11-30
      Build again with the newest packages and pins, or accept what remains for some time with --allow-list FILE. [VULNERABILITIES_FOUND]"
    `)
    // Even if nothing needs it any more: it would come back to life with a new date.
    expect(refusal(accept(examination([], tomorrow), entry("package: semver")))).toContain("1 expired entry")
  })

  it.each([
    ["- id: [", "Flow sequence in block collection must be sufficiently indented"],
    ["id: CVE-1", "it is a mapping, not a list"],
    ["text", "it: Invalid input: expected array, received string"],
    ["- {id: CVE-1, expires: 2026-11-30}", "0.reason: Invalid input: expected string, received undefined"],
    ['- {id: CVE-1, reason: " ", expires: 2026-11-30}', "0.reason: Too small"],
    ["- {id: CVE-1, reason: r}", "0.expires: must be a day such as 2027-01-31"],
    ["- {id: CVE-1, reason: r, expires: 2026-02-30}", "0.expires: must be a day such as 2027-01-31"],
    ["- {id: CVE-1, reason: r, expires: never}", "0.expires: must be a day such as 2027-01-31"],
    ["- {reason: r, expires: 2026-11-30}", "0: needs an id, a package or both, or else unchecked"],
    [
      "- {id: a, unchecked: npm, reason: r, expires: 2026-11-30}",
      "0: needs an id, a package or both, or else unchecked",
    ],
    ["- {unchecked: all, reason: r, expires: 2026-11-30}", "0.unchecked: Invalid option"],
    ["- {id: a, reasons: r, expires: 2026-11-30}", "0.reason: "],
    ["- &a {id: a, reason: r, expires: 2026-11-30}\n- *a", "it lists a twice"],
  ])("is refused: %s", (text, why) => {
    expect(() => parseAllowList(text, "list.yaml")).toThrow(
      `list.yaml is not a list of accepted vulnerabilities: ${why}`,
    )
  })

  it("may be empty", () => {
    expect(parseAllowList("", "list.yaml")).toEqual([])
    expect(parseAllowList("# nothing yet\n", "list.yaml")).toEqual([])
  })
})

describe("the table", () => {
  it("has what was asked, what was found, and what is accepted", () => {
    const list = parseAllowList(
      `- {package: openssl, reason: "no *TLS* here", expires: 2026-12-31}
- {package: gone, reason: r, expires: 2026-12-31}
- {id: CVE-1, reason: r, expires: 2026-11-01}
- {unchecked: npm, reason: "no network", expires: 2026-12-31}`,
      "list.yaml",
    )
    const lookups = [
      { area: "distribution" as const, checked: "trixie-security", except: "the base" },
      { area: "npm" as const, notChecked: "it answered 405" },
      { area: "tools" as const, checked: "3 known" },
    ]
    const given = examination([], {
      images: [
        { platform: "linux/amd64", lookups, findings: [{ ...SEMVER, url: "https://a.test/)[x](b" }, OPENSSL, LOW] },
        { platform: "linux/arm64", lookups: lookups.slice(2), findings: [] },
      ],
    })
    expect(examinationMarkdown(accept(given, list))).toMatchInlineSnapshot(`
      "# Known vulnerabilities of standard 0.1.0

      - Image: \`sha256:1111111111111111111111111111111111111111111111111111111111111111\`
      - Asked: 2026-11-30T20:00:00Z. Another day may have another answer.
      - **Expired in the allow-list: CVE-1, on 2026-11-01**
      - Unused in the allow-list: gone

      ## linux/amd64: 3 found, 1 of them accepted, not everything checked

      - Distribution: trixie-security; **not checked**: the base
      - npm: **not checked**: it answered 405 (accepted until 2026-12-31: no network)
      - Tools: 3 known

      | Name | Version | Fixed in | Severity | Advisory | Accepted |
      | --- | --- | --- | --- | --- | --- |
      | openssl (libssl3t64, openssl) | 3.5.1-1 | 3.5.1-1+deb13u2 | unknown |  | until 2026-12-31: no \\*TLS\\* here |
      | semver | 5.7.1 | affected: \\<5.7.2 | high | GHSA-c2qf-rxjj-qqgw: semver \\| ReDoS |  |
      | left-pad | 1.0.0 | affected: \\<5.7.2 | low | [GHSA-aaaa-bbbb-cccc: semver \\| ReDoS](https://github.com/advisories/GHSA-c2qf-rxjj-qqgw) |  |

      ## linux/arm64: none found

      - Tools: 3 known"
    `)
  })
})
