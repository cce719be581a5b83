import { expect, it } from "vitest"
import { whyNotRunning, type ContainerState } from "../../../src/session/engine-container.js"

const running: ContainerState = { Status: "running", ExitCode: 0, Error: "", Restarts: 0 }
const ended: ContainerState = { ...running, Status: "exited", ExitCode: 3 }
const restarting = (Restarts: number): ContainerState => ({ ...running, Status: "restarting", ExitCode: 1, Restarts })
const times = (count: number, state: ContainerState): ContainerState[] => Array.from({ length: count }, () => state)

it.each<[string, (ContainerState | undefined)[], string | undefined]>([
  ["is not there yet", [undefined, undefined], undefined],
  ["runs", [undefined, running], undefined],
  ["has ended once", [running, restarting(1)], undefined],
  [
    "keeps ending",
    [undefined, running, restarting(1), running, { ...restarting(3), ExitCode: 1 }],
    "keeps ending and being started again, the last time with exit code 1",
  ],
  [
    "keeps ending, and is seen between two starts",
    [undefined, running, restarting(1), { ...running, Restarts: 2 }],
    "keeps ending and being started again, the last time with exit code 0",
  ],
  ["was restarted often, long ago", times(60, { ...running, Restarts: 7 }), undefined],
  ["is being started again", [...times(10, ended), running], undefined],
  ["has ended for good", times(40, ended), "does not run: it ended with exit code 3"],
  ["is being created", times(10, { ...running, Status: "created" }), undefined],
  ["was only created", times(40, { ...running, Status: "created" }), "was created, but not started"],
  [
    "is refused by the kernel",
    [{ ...running, Status: "created", ExitCode: 128, Error: "unable to apply caps: operation not permitted." }],
    "cannot be started: unable to apply caps: operation not permitted",
  ],
])("of a container that %s", (_case, looks, why) => {
  expect(whyNotRunning(looks)).toBe(why)
})
