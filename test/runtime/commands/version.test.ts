import { describe, expect, it } from "vitest"
import { version } from "../../../docker/runtime/src/commands/version.js"
import { image } from "../doctor/examination.js"

describe("--version", () => {
  it("tells the runner, the image and its tools", () => {
    expect(version(image, { json: false })).toMatchInlineSnapshot(`
      "runner          2.338.0 (GitHub's own)
      variant         standard
      platform        linux/riscv64
      image           0.1.0
      base            debian:trixie-slim
      docker-compose  5.6.0
      jq              1.8.2
      node            24.21.0
      "
    `)
  })

  it("tells another runner from GitHub's", () => {
    const act = { ...image, runner: { kind: "act" as const, version: "0.13.0-act" }, tools: {} }
    expect(version(act, { json: false }).split("\n")[0]).toBe("runner    0.13.0-act (github-act-runner, unofficial)")
  })

  it("is JSON with --json", () => {
    const { architectureLabel, foreignArchitectureLabels, ...told } = image
    expect(JSON.parse(version(image, { json: true }))).toEqual(told)
  })
})
