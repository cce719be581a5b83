import { expect, it } from "vitest"
import { caseGroup, type LifecycleCase } from "../../lifecycle/lifecycle-case.js"
import { lifecycleReport } from "../../lifecycle/lifecycle-report.js"

const named = (name: string): LifecycleCase => ({ name, proves: `${name} holds`, run: () => Promise.resolve() })

it("has a row for each case, and says why one was skipped", () => {
  const [first, second] = [named("first"), named("second")]
  const report = lifecycleReport({
    groups: [caseGroup("Both", [first, second])],
    results: [
      { case: first, platform: "linux/amd64", status: "passed", seconds: 1.23 },
      { case: first, platform: "linux/arm64", status: "skipped", why: "no rule" },
      { case: second, platform: "linux/arm64", status: "failed", seconds: 4 },
    ],
    measurements: [
      {
        platform: "linux/amd64",
        way: "own",
        idleBroker: { memory: 57 * 2 ** 20, processors: 0 },
        registered: 1.04,
        listening: 1.56,
        idle: { memory: 33 * 2 ** 20, processors: 0.0005 },
      },
      { platform: "linux/arm64", way: "user", registered: 9, listening: 11 },
    ],
  })
  expect(report).toMatchInlineSnapshot(`
    "# Lifecycle of the built images

    linux/amd64: 1 passed, 0 failed, 0 skipped. linux/arm64: 0 passed, 1 failed, 1 skipped.

    ## Both

    | case | proves | harness | linux/amd64 | linux/arm64 |
    | --- | --- | --- | --- | --- |
    | first | first holds | runc | passed 1.2 s | skipped |
    | second | second holds | runc | not run | failed 4.0 s |

    ## Why cases were skipped

    - linux/arm64: no rule

    ## Measured

    | platform | way of starting | start to registered | start to listening | idle memory | idle processor | idle memory of the broker's container |
    | --- | --- | --- | --- | --- | --- | --- |
    | linux/amd64 | own | 1.0 s | 1.6 s | 33 MiB | 0.05 % | 57 MiB |
    | linux/arm64 | user | 9.0 s | 11.0 s | – | – | – |
    "
  `)
})
