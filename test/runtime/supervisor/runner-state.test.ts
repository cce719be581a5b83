import { describe, expect, it } from "vitest"
import { NEXT_PHASES, type Phase } from "../../../docker/runtime/src/phase.js"
import type { RunnerEvent } from "../../../docker/runtime/src/runner/events.js"
import { RunnerState } from "../../../docker/runtime/src/supervisor/runner-state.js"

const STARTED: RunnerEvent = { type: "job-started", name: "build" }
const COMPLETED: RunnerEvent = { type: "job-completed", name: "build", result: "Succeeded" }
const LISTENING: RunnerEvent = { type: "listening" }

/** A state that went through phases. */
function after(...phases: Phase[]): RunnerState {
  const state = new RunnerState()
  for (const phase of phases) state.enter(phase)
  return state
}

/** The phases that events lead through. */
function follow(state: RunnerState, events: readonly RunnerEvent[]): Phase[] {
  return events.map((event) => {
    state.observe(event)
    return state.phase
  })
}

describe("the runner's phases", () => {
  it("are a runner's life, in order", () => {
    const seen: Phase[] = []
    const state = new RunnerState()
    state.onChange(({ phase }) => {
      if (phase !== seen.at(-1)) seen.push(phase)
    })
    state.enter("registering")
    follow(state, [LISTENING, STARTED, COMPLETED])
    state.enter("stopping")
    state.enter("ended")
    expect(seen).toEqual(["registering", "listening", "busy", "listening", "stopping", "ended"])
  })

  const phases = Object.keys(NEXT_PHASES) as Phase[]
  it.each(phases)("let nothing follow %s that cannot", (phase) => {
    const path: Record<Phase, Phase[]> = {
      starting: [],
      registering: ["registering"],
      listening: ["registering", "listening"],
      busy: ["registering", "listening", "busy"],
      stopping: ["stopping"],
      ended: ["ended"],
    }
    const possible = phases.filter((next) => {
      try {
        after(...path[phase]).enter(next)
        return next !== phase
      } catch (error) {
        expect((error as Error).message).toBe(`${next} cannot follow ${phase}`)
        return false
      }
    })
    expect(possible.sort()).toEqual([...NEXT_PHASES[phase]].sort())
  })

  it("have their beginning, which being there already does not move", () => {
    let now = 0
    const state = new RunnerState(() => new Date(now))
    now = 1000
    state.enter("registering")
    now = 2000
    state.enter("registering")
    expect(state.snapshot).toEqual({ phase: "registering", since: new Date(1000) })
  })

  it.each<[string, Phase[], RunnerEvent[], Phase[]]>([
    [
      "a job before the line about listening",
      ["registering"],
      [STARTED, LISTENING, COMPLETED],
      ["busy", "busy", "listening"],
    ],
    [
      "a job that ends while the runner stops",
      ["stopping"],
      [STARTED, COMPLETED, LISTENING],
      ["stopping", "stopping", "stopping"],
    ],
    ["a listener that says what it says after the end", ["ended"], [LISTENING, STARTED], ["ended", "ended"]],
    [
      "a listener that is started again",
      ["registering", "listening", "registering"],
      [{ type: "connected" }, LISTENING],
      ["registering", "listening"],
    ],
  ])("follow %s", (_, path, events, expected) => {
    expect(follow(after(...path), events)).toEqual(expected)
  })

  it("know the job also while the runner stops, until the listener is gone", () => {
    const state = after("registering", "listening")
    state.started(7)
    state.observe(STARTED)
    state.enter("stopping")
    expect([state.busy, state.snapshot.job, state.snapshot.listener]).toEqual([true, "build", 7])
    state.gone()
    expect([state.busy, state.snapshot.job, state.snapshot.listener]).toEqual([false, undefined, undefined])
  })

  it("know of a lost connection until it is back", () => {
    const state = after("registering", "listening")
    state.observe({ type: "disconnected", reason: "no route to host" })
    expect(state.snapshot.disconnected).toBe("no route to host")
    expect(state.phase).toBe("listening")
    state.observe({ type: "reconnected" })
    expect(state.snapshot.disconnected).toBeUndefined()
  })
})
