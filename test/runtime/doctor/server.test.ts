import { describe, expect, it } from "vitest"
import { clockFinding } from "../../../docker/runtime/src/doctor/checks/clock.js"
import type { Connection } from "../../../docker/runtime/src/doctor/examination/connection.js"
import { versionFinding } from "../../../docker/runtime/src/doctor/checks/runner-version.js"
import { serverFinding } from "../../../docker/runtime/src/doctor/checks/server.js"

const url = new URL("https://api.github.com/")
const NOW = new Date("2026-01-02T03:04:05Z")

const answered = (status: number, headers: Record<string, string> = {}): Connection => ({
  url,
  answer: { status, headers, body: "", at: NOW },
})

describe("the server", () => {
  it.each([200, 401, 403, 404, 429])("is reached when it answers %i", (status) => {
    expect(serverFinding(answered(status))).toEqual({
      check: "server",
      status: "ok",
      text: "https://api.github.com answers",
    })
  })

  it("is not well when it answers 503", () => {
    expect(serverFinding(answered(503))).toMatchObject({
      status: "problem",
      text: "https://api.github.com answers 503",
      code: "NETWORK",
    })
  })

  it.each(["DNS", "TCP", "proxy", "TLS", "HTTP"] as const)(
    "is told with the step that failed and a remedy: %s",
    (failed) => {
      const finding = serverFinding({
        url,
        proxy: new URL("http://user:password@proxy.example:3128"),
        failed,
        reason: "because",
      })
      expect(finding).toMatchObject({
        status: "problem",
        text: `https://api.github.com through the proxy proxy.example:3128: ${failed} failed: because`,
        code: "NETWORK",
      })
      expect(finding.remedy?.length).toBeGreaterThan(20)
    },
  )
})

describe("the clock", () => {
  it.each([
    ["Fri, 02 Jan 2026 03:04:04 GMT", "ok", "agrees with the server's"],
    ["Fri, 02 Jan 2026 03:03:05 GMT", "ok", "60 s ahead of the server's"],
    [
      "Fri, 02 Jan 2026 03:03:04 GMT",
      "warning",
      "61 s ahead of the server's: GitHub refuses what an App signs with it",
    ],
    [
      "Fri, 02 Jan 2026 04:04:05 GMT",
      "warning",
      "3600 s behind the server's: GitHub refuses what an App signs with it",
    ],
    ["nonsense", "skipped", "no server reported the time"],
  ])("at %s on the server", (date, status, text) => {
    expect(clockFinding(answered(200, { date }))).toMatchObject({ status, text })
  })

  it("is not known without a server", () => {
    expect(clockFinding(undefined).status).toBe("skipped")
    expect(clockFinding(answered(200)).status).toBe("skipped")
    expect(clockFinding({ url, failed: "TCP", reason: "" }).status).toBe("skipped")
  })
})

describe("the runner's version", () => {
  it.each([
    ["2.338.0", "2.338.0", "ok"],
    ["2.338.1", "2.338.0", "ok"],
    ["2.338.0", "2.338.1", "warning"],
    ["2.99.0", "2.338.0", "warning"],
    ["3.0.0", "2.338.0", "ok"],
  ])("%s where GitHub offers %s", (version, offered, status) => {
    expect(versionFinding(version, offered, false).status).toBe(status)
  })

  it("is to be updated by the image where the runner may not do it", () => {
    expect(versionFinding("2.337.0", "2.338.0", true)).toEqual({
      check: "runner",
      status: "warning",
      text: "2.337.0 is older than 2.338.0, which GitHub offers; it refuses old ones after about 30 days",
      remedy: "pull a newer image; with DISABLE_AUTO_UPDATE the runner does not update itself",
    })
  })
})
