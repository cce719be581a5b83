import { describe, expect, it } from "vitest"
import type { ListenerEnd } from "../../../docker/runtime/src/runner/listener.js"
import { type ListenerLog, outcomeOf } from "../../../docker/runtime/src/supervisor/listener-outcome.js"

const QUIET: ListenerLog = { unregistered: false }

function outcome(end: Partial<ListenerEnd>, told: ListenerLog = QUIET): string {
  const result = outcomeOf({ code: null, signal: null, ...end }, told)
  if (result.next === "failed") return `${result.failure.exitCode} ${result.failure.code}: ${result.failure.message}`
  return result.next === "restart" ? `restart: ${result.why}` : result.next
}

describe("the end of a listener", () => {
  it.each<[string, Partial<ListenerEnd>, string]>([
    ["0", { code: 0 }, "done"],
    ["1", { code: 1 }, "1 UNCLASSIFIED: the listener ended with an error"],
    ["2", { code: 2 }, "restart: it reported a temporary error"],
    ["3", { code: 3 }, "restart: it updated itself"],
    ["4", { code: 4 }, "restart: it updated itself"],
    ["5", { code: 5 }, "2 REGISTRATION: another runner is connected to GitHub under this runner's name"],
    ["6", { code: 6 }, "restart: it updated itself"],
    [
      "7",
      { code: 7 },
      "7 VERSION_REFUSED: GitHub refuses this version of the runner: this version of the runner is deprecated",
    ],
    ["137", { code: 137 }, "1 UNCLASSIFIED: the listener ended unexpectedly, with code 137"],
    ["a signal", { signal: "SIGKILL" }, "1 UNCLASSIFIED: the listener was ended by SIGKILL"],
  ])("with code %s, where no script is around it", (_, end, expected) => {
    expect(outcome(end)).toBe(expected)
  })

  it.each<[ListenerEnd["exit"], string]>([
    ["success", "done"],
    ["terminated", "1 UNCLASSIFIED: the listener ended with an error"],
    ["session-conflict", "2 REGISTRATION: another runner is connected to GitHub under this runner's name"],
    ["unknown", "1 UNCLASSIFIED: the listener ended unexpectedly, with code 0"],
    [
      "version-refused",
      "7 VERSION_REFUSED: GitHub refuses this version of the runner: this version of the runner is deprecated",
    ],
  ])("that run.sh calls %s, and ends with 0 for all of them", (exit, expected) => {
    expect(outcome({ code: 0, exit })).toBe(expected)
  })

  it("that it explained itself", () => {
    expect(outcome({ code: 0, exit: "terminated" }, { unregistered: true })).toBe(
      "2 REGISTRATION: GitHub no longer has this runner: somebody removed it, or it was offline for too long",
    )
    expect(
      outcome(
        { code: 0 },
        { unregistered: false, versionRefused: "Runner version 2.1.0 is deprecated and cannot receive messages." },
      ),
    ).toBe(
      "7 VERSION_REFUSED: GitHub refuses this version of the runner: Runner version 2.1.0 is deprecated and cannot receive messages.",
    )
  })
})
