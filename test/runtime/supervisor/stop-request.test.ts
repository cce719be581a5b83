import { describe, expect, it } from "vitest"
import { StopRequest, takeSignals } from "../../../docker/runtime/src/processes/stop-request.js"

const urgency = ({ stop, hurry, kill }: StopRequest): boolean[] => [stop.aborted, hurry.aborted, kill.aborted]

describe("a request to stop", () => {
  it("becomes more urgent with each signal", () => {
    const request = new StopRequest()
    expect(urgency(request)).toEqual([false, false, false])
    expect([request.take("SIGTERM"), ...urgency(request)]).toEqual([1, true, false, false])
    expect([request.take("SIGTERM"), ...urgency(request)]).toEqual([2, true, true, false])
    expect([request.take("SIGTERM"), ...urgency(request)]).toEqual([3, true, true, true])
    expect([request.take("SIGTERM"), ...urgency(request)]).toEqual([3, true, true, true])
  })

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGQUIT", 131],
  ] as const)("has a code of its own only when the second %s hurried it", (signal, code) => {
    const request = new StopRequest()
    request.take("SIGTERM")
    expect(request.exitCode).toBeUndefined()
    request.take(signal)
    expect(request.exitCode).toBe(code)
  })

  it("comes from this process's signals, until they are left to others", async () => {
    const request = new StopRequest()
    const told: string[] = []
    const release = takeSignals(request, (signal, count) => told.push(`${signal} ${count}`))
    process.kill(process.pid, "SIGQUIT")
    process.kill(process.pid, "SIGHUP")
    for (let tries = 0; told.length < 2 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 10))
    release()
    expect(told.map((line) => line.split(" ")[1])).toEqual(["1", "2"])
    expect(told.map((line) => line.split(" ")[0]).sort()).toEqual(["SIGHUP", "SIGQUIT"])
    expect(process.listenerCount("SIGQUIT")).toBe(0)
  })
})
