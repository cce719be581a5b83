import { describe, expect, it } from "vitest"
import { type HealthFacts, healthReport } from "../../../docker/runtime/src/health/health-report.js"

const WELL: HealthFacts = {
  phase: "listening",
  seconds: 10,
  startSeconds: 300,
  registrationSkipped: false,
  broker: false,
  listener: "running",
  registered: true,
}

describe("the runner's health", () => {
  it.each<[string, Partial<HealthFacts>, string]>([
    ["listening", {}, "healthy, ready: listening"],
    ["busy", { phase: "busy" }, "healthy, ready: busy"],
    ["for years", { seconds: 1e8 }, "healthy, ready: listening"],
    ["without a listener", { listener: "gone" }, "unhealthy: the listener is gone"],
    ["with a stopped listener", { listener: "stopped" }, "unhealthy: the listener is stopped"],
    [
      "stopping, with a stopped listener",
      { phase: "stopping", listener: "stopped" },
      "unhealthy: the listener is stopped",
    ],
    ["busy without a listener", { phase: "busy", listener: "gone" }, "unhealthy: the listener is gone"],
    ["not registered", { registered: false }, "unhealthy: the runner is not registered"],
    ["without a connection", { disconnected: "no route to host" }, "healthy: not connected: no route to host"],
    ["at its start", { phase: "starting", listener: "gone", registered: false }, "healthy: starting for 10 s"],
    ["registering", { phase: "registering", listener: "gone", registered: false }, "healthy: registering for 10 s"],
    [
      "registering for too long",
      { phase: "registering", seconds: 301 },
      "unhealthy: registering for 301 s, which is too long",
    ],
    [
      "starting for too long",
      { phase: "starting", seconds: 300.5 },
      "unhealthy: starting for 300 s, which is too long",
    ],
    [
      "without a registration that nobody wants",
      { phase: "starting", seconds: 1e6, registrationSkipped: true, listener: "gone", registered: false },
      "healthy: registration is skipped",
    ],
    ["stopping", { phase: "stopping", registered: false }, "healthy: stopping"],
    ["stopping, with the listener gone", { phase: "stopping", listener: "gone" }, "unhealthy: the listener is gone"],
    [
      "a broker, which has no listener",
      { broker: true, listener: "gone", registered: false },
      "healthy, ready: listening for runners",
    ],
    ["a broker that has ended", { broker: true, phase: "ended" }, "unhealthy: the runner has ended"],
    ["over", { phase: "ended" }, "unhealthy: the runner has ended"],
  ])("when it is %s", (_, facts, expected) => {
    const { healthy, ready, reason } = healthReport({ ...WELL, ...facts })
    expect(`${healthy ? "healthy" : "unhealthy"}${ready ? ", ready" : ""}: ${reason}`).toBe(expected)
  })
})
