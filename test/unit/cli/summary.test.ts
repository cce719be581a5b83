import { describe, expect, it } from "vitest"
import type { Report } from "../../../dagger/src/core/report/report.js"
import type { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { failureAnswer, failureText } from "../../../src/output/failure.js"
import { PlainTerminal } from "../../../src/output/plain.js"
import { SUMMARY_SCHEMA_VERSION, summariseVariant, summaryText } from "../../../src/output/summary.js"
import { finishRun } from "../../../src/runs/answer.js"
import { Interrupts } from "../../../src/session/interrupt.js"
import { PassThrough } from "node:stream"
import { FAILED, INCONCLUSIVE, PASSED, platformReport, PROVED, report, SKIPPED } from "../core/report/reports.js"

const good = report({
  platforms: [platformReport("linux/amd64"), platformReport("linux/arm64", { checks: [PASSED, PASSED, SKIPPED] })],
})
const { index: _index, ...unfinished } = report()
const {
  digest: _digest,
  compressedBytes: _bytes,
  ...unbuilt
} = platformReport("linux/arm64", { checks: [PASSED, FAILED] })
const bad: Report = { ...unfinished, platforms: [unbuilt] }

describe("the summary for people", () => {
  it("has a line per platform and says where everything is", () => {
    const variants = [
      summariseVariant(good, {
        directory: "/home/me/dist/standard",
        archive: "/home/me/dist/standard.oci.tar",
        loaded: "localhost/runner-images:standard",
      }),
    ]
    expect(
      summaryText({
        schemaVersion: SUMMARY_SCHEMA_VERSION,
        seconds: 412.5,
        traffic: { requests: 0, bytes: 0 },
        variants,
      }),
    ).toMatchInlineSnapshot(`
      "┌──────────┬─────────────┬─────────────────────┬──────────┬────────┬─────────────────────┐
      │ variant  │ platform    │ digest              │     size │   time │ checks              │
      ├──────────┼─────────────┼─────────────────────┼──────────┼────────┼─────────────────────┤
      │ standard │ linux/amd64 │ sha256:111111111111 │ 297.5 MB │ 64.8 s │ 1 passed            │
      │ standard │ linux/arm64 │ sha256:222222222222 │ 297.5 MB │ 64.8 s │ 2 passed, 1 skipped │
      └──────────┴─────────────┴─────────────────────┴──────────┴────────┴─────────────────────┘
      standard     sha256:0000000000000000000000000000000000000000000000000000000000000000 in /home/me/dist/standard
      standard     archive /home/me/dist/standard.oci.tar
      standard     loaded as localhost/runner-images:standard
      standard     runner 0.13.0-act (github-act-runner, unofficial)
      standard     tools from registry: node; asked for
      Took 6 min 53 s."
    `)
  })

  it("counts what another variant proved and what has no answer", () => {
    const checks = [PASSED, PROVED, PROVED, INCONCLUSIVE]
    const variants = [summariseVariant(report({ platforms: [platformReport("linux/arm64", { checks })] }))]
    const text = summaryText({
      schemaVersion: SUMMARY_SCHEMA_VERSION,
      seconds: 3,
      traffic: { requests: 0, bytes: 0 },
      variants,
    })
    expect(/[^│]*passed[^│]*/.exec(text)?.[0]).toMatchInlineSnapshot(
      `" 3 passed (2 proved by chrome), 1 inconclusive "`,
    )
  })

  it("says that no image came about when a check failed", () => {
    const variants = [summariseVariant(bad)]
    expect(
      summaryText({ schemaVersion: SUMMARY_SCHEMA_VERSION, seconds: 3, traffic: { requests: 0, bytes: 0 }, variants }),
    ).toMatchInlineSnapshot(`
      "┌──────────┬─────────────┬────────┬──────┬────────┬────────────────────┐
      │ variant  │ platform    │ digest │ size │   time │ checks             │
      ├──────────┼─────────────┼────────┼──────┼────────┼────────────────────┤
      │ standard │ linux/arm64 │ none   │      │ 64.8 s │ 1 passed, 1 failed │
      └──────────┴─────────────┴────────┴──────┴────────┴────────────────────┘
      standard     no image
      standard     runner 0.13.0-act (github-act-runner, unofficial)
      standard     tools from registry: node; asked for
      Took 3.0 s."
    `)
  })
})

describe("the end of a run", () => {
  function finish(json: boolean, of: typeof good, native = false): { answer: string; error?: RunnerImagesError } {
    let answer = ""
    const terminal = new PlainTerminal(new PassThrough())
    const context = {
      terminal,
      interrupts: new Interrupts(() => undefined),
      answer: (text: string) => (answer += text),
    }
    try {
      finishRun(context, json, [summariseVariant(of)], native)
      return { answer }
    } catch (error) {
      return { answer, error: error as RunnerImagesError }
    }
  }

  it("is the summary alone with --json", () => {
    const { answer, error } = finish(true, good)
    expect(error).toBeUndefined()
    const summary = JSON.parse(answer) as { seconds: number }
    expect(summary.seconds).toBeGreaterThan(0)
    expect({ ...summary, seconds: "measured" }).toMatchInlineSnapshot(`
      {
        "schemaVersion": 2,
        "seconds": "measured",
        "traffic": {
          "bytes": 0,
          "requests": 0,
        },
        "variants": [
          {
            "index": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "platforms": [
              {
                "checks": {
                  "failed": 0,
                  "inconclusive": 0,
                  "passed": 1,
                  "skipped": 0,
                },
                "compressedBytes": 297500000,
                "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
                "failed": [],
                "inconclusive": [],
                "platform": "linux/amd64",
                "seconds": 64.75,
              },
              {
                "checks": {
                  "failed": 0,
                  "inconclusive": 0,
                  "passed": 2,
                  "skipped": 1,
                },
                "compressedBytes": 297500000,
                "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222",
                "failed": [],
                "inconclusive": [],
                "platform": "linux/arm64",
                "seconds": 64.75,
              },
            ],
            "runner": {
              "kind": "act",
              "version": "0.13.0-act",
            },
            "sources": {
              "requested": "registry",
              "tools": {
                "node": {
                  "from": "registry",
                  "reason": "asked for",
                },
              },
            },
            "variant": "standard",
          },
        ],
      }
    `)
  })

  it("is an error for a check without an answer only if all must have one", () => {
    const open = report({ platforms: [platformReport("linux/arm64", { checks: [PASSED, INCONCLUSIVE] })] })
    expect(finish(false, open).error).toBeUndefined()
    const { error } = finish(false, open, true)
    expect(error?.exitCode).toBe(3)
    expect(error && failureText(error)).toMatchInlineSnapshot(`
      "error: 1 smoke test had no answer in time, and with --native and for publishing every check must have one: [CHECKS_INCONCLUSIVE]
        standard linux/arm64 browser/session: no answer within 600 seconds, nor within 640 seconds when no other check ran
      Run it again with less other work on the engine's machine, or use an engine on a machine of that platform."
    `)
  })

  it("is an error that names what failed, after the summary", () => {
    const { answer, error } = finish(false, bad)
    expect(answer).toContain("1 passed, 1 failed")
    expect(error?.exitCode).toBe(3)
    expect(error && failureText(error)).toMatchInlineSnapshot(`
      "error: 1 smoke test failed. [CHECKS_FAILED]
        standard linux/arm64 elf/architecture: expected 183, found 62 in /usr/bin/x (A program for another machine would not start.)
      The report says what each of them proves."
    `)
    expect(error && failureAnswer(error)).toMatchInlineSnapshot(`
      {
        "error": {
          "code": "CHECKS_FAILED",
          "details": [
            "standard linux/arm64 elf/architecture: expected 183, found 62 in /usr/bin/x (A program for another machine would not start.)",
          ],
          "exitCode": 3,
          "problem": "1 smoke test failed.",
          "remedy": "The report says what each of them proves.",
        },
      }
    `)
  })
})
