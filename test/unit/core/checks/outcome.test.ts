import { describe, expect, it } from "vitest"
import {
  assertPassed,
  failing,
  inconclusiveText,
  unusedAccept,
  unusedAcceptText,
} from "../../../../dagger/src/core/checks/outcome.js"
import type { CheckResult } from "../../../../dagger/src/core/report/report.js"
import type { AcceptedFinding } from "../../../../dagger/src/core/variants/findings.js"
import { FAILED, INCONCLUSIVE, PASSED, platformReport, PROVED, report, SKIPPED } from "../report/reports.js"

const ALL = [PASSED, PROVED, SKIPPED, INCONCLUSIVE, FAILED]
const reportOf = (...checks: typeof ALL) => report({ platforms: [platformReport("linux/arm64", { checks })] })

describe("entries of a definition's accept", () => {
  const entry: AcceptedFinding = { check: "files/setuid", finding: "/usr/lib/*/a 4755", reason: "needed" }
  const unused = { ...entry, finding: "/usr/bin/b 4755" }
  const platform = (accepted: NonNullable<CheckResult["accepted"]>, name: string = entry.check) =>
    platformReport("linux/amd64", { checks: [{ ...PASSED, name, accepted }] })
  const used = { finding: "/usr/lib/x/a 4755", reason: "needed", by: "definition" as const }

  it("are unused if they accepted nothing on any platform", () => {
    expect(unusedAccept([entry, unused], [platform([]), platform([used])])).toEqual([unused])
    expect(unusedAccept([entry], [platform([{ ...used, by: "package" }])])).toEqual([entry])
    expect(unusedAccept([entry], [platform([used], "files/writable")])).toEqual([entry])
    expect(unusedAccept([], [platform([used])])).toEqual([])
  })

  it("are warned of then", () => {
    expect(unusedAcceptText([])).toBeUndefined()
    expect(unusedAcceptText([unused])).toBe(
      "1 entry of the definition's `accept` accepted nothing: files/setuid /usr/bin/b 4755. Remove what no platform needs.",
    )
    expect(unusedAcceptText([entry, unused])).toMatch(/^2 entries .*: files\/setuid [^;]+; files\/setuid [^;]+\. /)
  })
})

describe("a check without an answer", () => {
  it("fails a build only if every check must have one", () => {
    expect(ALL.filter(failing({})).map(({ status }) => status)).toEqual(["failed"])
    expect(ALL.filter(failing({ native: true })).map(({ status }) => status)).toEqual(["inconclusive", "failed"])
  })

  it("is warned of", () => {
    expect(inconclusiveText([PASSED, SKIPPED, PROVED])).toBeUndefined()
    expect(inconclusiveText([PASSED, INCONCLUSIVE])).toMatchInlineSnapshot(
      `"1 smoke test had no answer in time, so nothing is known about what it proves: browser/session: no answer within 600 seconds, nor within 640 seconds when no other check ran"`,
    )
  })

  it("is an error with --native, unless another check failed, which says more", () => {
    expect(() => {
      assertPassed(reportOf(PASSED, INCONCLUSIVE), {})
    }).not.toThrow()
    expect(() => {
      assertPassed(reportOf(PASSED, INCONCLUSIVE), { native: true })
    }).toThrowErrorMatchingInlineSnapshot(`
      [RunnerImagesError: 1 smoke test had no answer in time, and with --native and for publishing every check must have one:
        standard linux/arm64 browser/session: no answer within 600 seconds, nor within 640 seconds when no other check ran
      Run it again with less other work on the engine's machine, or use an engine on a machine of that platform. [CHECKS_INCONCLUSIVE]]
    `)
    expect(() => {
      assertPassed(reportOf(INCONCLUSIVE, FAILED), { native: true })
    }).toThrowErrorMatchingInlineSnapshot(`
      [RunnerImagesError: 1 smoke test of the standard image failed:
        linux/arm64 elf/architecture: expected 183, actual 62 in /usr/bin/x
       Nothing was written or published. [CHECKS_FAILED]]
    `)
  })
})
