import { setTimeout as sleep } from "node:timers/promises"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { ContainerProcess } from "./container-processes.js"
import { isNative } from "./emulation.js"
import { Lab, LISTENING } from "./lab.js"
import type { UnpackedImage } from "./oci-image.js"

/** What our part of a container takes, in an image of this host's own platform. Under emulation the emulator would be measured. */
export interface IdleUse {
  /** Bytes, shared ones by their part: of the runtime program and the init process. */
  readonly memory: number
  /** Processors: 0.01 is one hundredth of one. */
  readonly processors: number
}

export interface Measurements {
  readonly platform: PlatformName
  /** Seconds from the container's start to GitHub's list having the runner, and to its listening for jobs: the middle of several starts. */
  readonly registered: number
  readonly listening: number
  readonly idle?: IdleUse
}

const STARTS = 3

/** For so long the idle runner is watched, after as long a rest. Milliseconds. */
const WATCHED = 20_000

const REGISTERED = /^√ Runner successfully added$/

export async function measure(image: UnpackedImage): Promise<Measurements> {
  const lab = new Lab(image)
  try {
    const github = await lab.github()
    const starts: { registered: number; listening: number }[] = []
    let idle: IdleUse | undefined
    for (let start = 1; start <= STARTS; start++) {
      const container = await lab.start({ environment: github.environment })
      const seconds = async (line: RegExp): Promise<number> =>
        ((await container.lines.waitFor(line, lab.patience(60))).at - container.startedAt) / 1000
      starts.push({ registered: await seconds(REGISTERED), listening: await seconds(LISTENING) })
      if (start === STARTS && isNative(image.platform)) idle = await watch(() => container.processes())
      await lab.stop(container)
    }
    return {
      platform: image.platform,
      registered: middle(starts.map(({ registered }) => registered)),
      listening: middle(starts.map(({ listening }) => listening)),
      ...(idle && { idle }),
    }
  } finally {
    await lab.close()
  }
}

async function watch(look: () => Promise<readonly ContainerProcess[]>): Promise<IdleUse> {
  await sleep(WATCHED)
  const before = sum(await look())
  await sleep(WATCHED)
  const after = sum(await look())
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
