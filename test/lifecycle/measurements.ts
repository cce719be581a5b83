import { setTimeout as sleep } from "node:timers/promises"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { ContainerProcess } from "./container-processes.js"
import { isNative } from "./emulation.js"
import type { Container } from "./container.js"
import { TestEnvironment, type TestGitHub, LISTENING } from "./test-environment.js"
import type { UnpackedImage } from "./oci-image.js"
import type { ContainerOptions } from "./runtime-spec.js"

/** What our part of a container takes, in an image of this host's own platform. Under emulation the emulator would be measured. */
export interface IdleUse {
  /** Bytes, shared ones by their part: of the runtime program and the init process. */
  readonly memory: number
  /** Processors: 0.01 is one hundredth of one. */
  readonly processors: number
}

export interface Measurements {
  readonly platform: PlatformName
  /** How the container was started: a name of the table of ways. */
  readonly way: string
  /** Seconds from the container's start to GitHub's list having the runner, and to its listening for jobs: the middle of several starts. */
  readonly registered: number
  readonly listening: number
  readonly idle?: IdleUse
  /** The same of the broker's container, where the broker has one of its own. */
  readonly idleBroker?: IdleUse
}

/** How a runner's container is started, and what else was started for it. */
export interface MeasuredStart {
  readonly options: ContainerOptions
  readonly broker?: Container
}

const STARTS = 3

/** For so long the idle runner is watched, after as long a rest. Milliseconds. */
const WATCHED = 20_000

export async function measure(
  image: UnpackedImage,
  way: {
    readonly name: string
    readonly start: (testEnv: TestEnvironment, github: TestGitHub) => Promise<MeasuredStart>
  },
): Promise<Measurements> {
  const testEnv = new TestEnvironment(image)
  try {
    const github = await testEnv.github()
    const { options, broker } = await way.start(testEnv, github)
    const starts: { registered: number; listening: number }[] = []
    let idle: { runner: IdleUse; broker?: IdleUse } | undefined
    for (let start = 1; start <= STARTS; start++) {
      const container = await testEnv.start(options)
      // By GitHub's list, since a just-in-time runner prints no line about its registration.
      const untilRegistered = testEnv.until("the registration", () => github.list().length > 0, 60)
      const [registered, listening] = await Promise.all([
        untilRegistered.then(() => performance.now()),
        container.lines.waitFor(LISTENING, testEnv.timeout(60)).then(({ at }) => at),
      ])
      starts.push({
        registered: (registered - container.startedAt) / 1000,
        listening: (listening - container.startedAt) / 1000,
      })
      if (start === STARTS && isNative(image.platform)) {
        const [runner, its] = await Promise.all([watch(container), broker && watch(broker)])
        idle = { runner, ...(its && { broker: its }) }
      }
      await testEnv.stop(container)
      // A credential that was given up removes nothing.
      for (const runner of github.list()) github.runners.remove(runner)
    }
    return {
      platform: image.platform,
      way: way.name,
      registered: middle(starts.map(({ registered }) => registered)),
      listening: middle(starts.map(({ listening }) => listening)),
      ...(idle && { idle: idle.runner, ...(idle.broker && { idleBroker: idle.broker }) }),
    }
  } finally {
    await testEnv.close()
  }
}

async function watch(container: Container): Promise<IdleUse> {
  await sleep(WATCHED)
  const before = sum(await container.processes())
  await sleep(WATCHED)
  const after = sum(await container.processes())
  return { memory: after.memory, processors: (after.cpu - before.cpu) / (WATCHED / 1000) }
}

function sum(processes: readonly ContainerProcess[]): { memory: number; cpu: number } {
  // The init process and the program have no other command than these; all else is the runner's.
  const own = processes.filter(({ pid, command }) => pid === 1 || command.some((word) => word.endsWith("/runtime.mjs")))
  return {
    memory: own.reduce((bytes, { memory }) => bytes + memory, 0),
    cpu: own.reduce((seconds, { cpu }) => seconds + cpu, 0),
  }
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
