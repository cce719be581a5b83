import { describe, expect, it } from "vitest"
import { version } from "../../../docker/runtime/src/commands/version.js"
import { image } from "../doctor/examination.js"

describe("--version", () => {
  it("tells the runner, the image and its tools", () => {
    expect(version(image, { json: false })).toMatchInlineSnapshot(`
      "runner          2.338.0
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

  it("tells a stand-in from a runner", () => {
    const standIn = { ...image, runner: { kind: "stand-in" as const, version: "2.338.0" }, tools: {} }
    expect(version(standIn, { json: false }).split("\n")[0]).toBe("runner    2.338.0 (a stand-in for tests)")
  })

  it("is JSON with --json", () => {
    const { architectureLabel, foreignArchitectureLabels, ...told } = image
    expect(JSON.parse(version(image, { json: true }))).toEqual(told)
  })
})
