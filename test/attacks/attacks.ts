import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isNative } from "../lifecycle/emulation.js"
import { probeHealth } from "../lifecycle/health-monitor.js"
import type { Scene } from "./scene.js"
import { WAYS } from "./ways.js"

/** How far an attack goes: a part of it in the gate. */
export interface Extent {
  readonly full: boolean
}

/** What hostile jobs try, and what would be a success of theirs. */
export interface Attack {
  readonly name: string
  /** As a sentence without its full stop. */
  readonly tries: string
  /** Needs a second start, or a runner that is still there after the job. */
  readonly needsMoreThanOneJob?: true
  /** Bytes that the container may use. */
  readonly memory?: number
  /** Absent for attacks that only look: one job makes all of those, in one container. */
  readonly run?: (scene: Scene, extent: Extent) => Promise<void>
}

/**
 * First USR1, which opens the debugger of a Node.js, and what ends no program that does not care: WINCH, CONT, URG, CHLD, PIPE, TSTP, TTIN, TTOU,
 * STOP. Then what programs make something of: USR2, HUP, ABRT, QUIT, TERM, INT, KILL. Then all others there are.
 */
const HARMLESS_SIGNALS = [10, 28, 18, 23, 17, 13, 20, 21, 22, 19]
const FIRST_SIGNALS = [...HARMLESS_SIGNALS, 12, 1, 6, 3, 15, 2, 9]
/** Signals that Linux has: signal(7). Two of the real-time ones are the C library's own. */
const LAST_SIGNAL = 64
const ALL_SIGNALS = [
  ...FIRST_SIGNALS,
  ...Array.from({ length: LAST_SIGNAL }, (_, index) => index + 1).filter((number) => !FIRST_SIGNALS.includes(number)),
]

/**
 * The signals that are sent in a way. Under emulation a start takes ten times as long, so each way gets its part of those that may end a container,
 * and all ways together get all of them.
 */
function signalsFor({ way, testEnv }: Scene): number[] {
  if (isNative(testEnv.platform)) return ALL_SIGNALS
  const ways = WAYS.filter(({ oneJob }) => !oneJob)
  const place = ways.indexOf(way)
  const others = ALL_SIGNALS.filter((number) => !HARMLESS_SIGNALS.includes(number))
  return [...HARMLESS_SIGNALS, ...others.filter((_, index) => index % ways.length === place)]
}

/** Bytes that a health check may take, whatever it is given to read. It is a Node.js of its own. */
const MOST_OF_A_HEALTH_CHECK = 150 * 2 ** 20

async function mustListenAgain(scene: Scene): Promise<void> {
  const again = await scene.startAgain()
  if (again !== "listens") throw new Error(`the container was started again, and does not listen: ${again}`)
}

async function sendSignals(scene: Scene, { full }: Extent): Promise<void> {
  // In the gate as many as two starts have room for.
  const rounds = full ? LAST_SIGNAL : 2
  const signals = signalsFor(scene)
  let left = signals
  for (let round = 1; left.length > 0 && round <= rounds; round++) {
    await scene.attack(["signals"], { round, signals: left })
    const sent = scene.opened.map(Number)
    left = left.filter((number) => !sent.includes(number))
    await mustListenAgain(scene)
    if (scene.own !== 1) scene.succeeded("runners of one container", `${String(scene.own)} are listed`)
  }
  scene.outcome.tried["different signals"] = signals.length - left.length
}

/** Watches how much memory a health check takes while it runs. @returns bytes */
async function memoryOfHealthCheck(scene: Scene): Promise<number> {
  let most = 0
  const controller = new AbortController()
  const watching = (async () => {
    while (!controller.signal.aborted) {
      for (const { command, memory } of await scene.container.processes().catch(() => []))
        if (command.includes("health")) most = Math.max(most, memory)
      await sleep(20)
    }
  })()
  const { output } = await probeHealth(scene.container, scene.testEnv.timeout(8))
  controller.abort()
  await watching
  scene.search("the health check's output", output)
  return most
}

async function ask(port: number | undefined, path: string): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, { signal: AbortSignal.timeout(5000) })
    return await response.text()
  } catch {
    return ""
  }
}

const LINK_TARGETS = 4

async function putLinks(scene: Scene): Promise<void> {
  const shadow = readFileSync(join(scene.testEnv.image.rootfs, "etc/shadow"), "utf8").split("\n", 1)
  const foreign = shadow.map((text) => ({ what: "a file of root's", text }))
  for (let round = 1; round <= LINK_TARGETS; round++) {
    await scene.attack(["links"], { round })
    const look = async (when: string): Promise<void> => {
      const memory = await memoryOfHealthCheck(scene)
      const most = "MiB that a health check took at most"
      scene.outcome.tried[most] = Math.max(scene.outcome.tried[most] ?? 0, Math.round(memory / 2 ** 20))
      scene.outcome.tried["health checks"] = (scene.outcome.tried["health checks"] ?? 0) + 1
      if (memory > MOST_OF_A_HEALTH_CHECK)
        scene.succeeded("a health check without bounds", `${String(Math.round(memory / 2 ** 20))} MiB, ${when}`)
      for (const path of ["/metrics", "/health"]) {
        scene.outcome.tried["requests for metrics"] = (scene.outcome.tried["requests for metrics"] ?? 0) + 1
        scene.search(`${path}, ${when}`, await ask(scene.ports[0], path), foreign)
      }
    }
    // While the job makes them again.
    await look(`with links of round ${String(round)}`)
    await writeFile(join(scene.loot, `links.${String(round)}.enough`), "")
    // The runner's own worker may write to a pipe by now, and wait for ever: a job's harm to itself.
    await scene.idle(5).catch(() => (scene.outcome.tried["jobs that came to no end"] = 1))
    const again = await scene.startAgain()
    if (again !== "ended") await look(`with links of round ${String(round)}, started again`)
    scene.search("the container's output", scene.container.lines.text, foreign)
    // The runner's own .env and .path may be what never ends to be read. That is a way to be of no use any more, and to no secret.
    scene.outcome.tried[`starts that ${WENT[again]}`] = (scene.outcome.tried[`starts that ${WENT[again]}`] ?? 0) + 1
    if (again !== "listens") return
  }
}

const WENT = { listens: "went well", ended: "were refused", silent: "came to no listening" } as const

/** A refusal to start has to be one of the runtime's own, with what to do. */
const REFUSED = /error: .*\[[A-Z_]+\]/

export const ATTACKS = attackTable([
  {
    name: "debugger",
    tries: "sends SIGUSR1 to every process, and asks what then listens for all that it has in memory",
  },
  { name: "proc-files", tries: "reads environ, cmdline, maps, mem, fd, cwd and root of every process" },
  {
    name: "ptrace",
    tries: "attaches to every process, reads its memory by process_vm_readv, takes its descriptors by pidfd_getfd",
  },
  { name: "files", tries: "reads every file that it may" },
  {
    name: "sockets",
    tries:
      "connects to every socket, with the broker's forms for itself and for others, wrong ones, and 10,000 at once",
  },
  {
    name: "cores",
    tries: "raises every process's limit of cores and crashes it; the next job collects what is left",
    needsMoreThanOneJob: true,
    run: async (scene) => {
      for (const round of [1, 2]) {
        await scene.attack(["cores"], { round })
        await mustListenAgain(scene)
        await scene.attack(["cores-collect"], { round })
      }
    },
  },
  {
    name: "signals",
    tries: "sends every signal to every process; then the container is started again",
    needsMoreThanOneJob: true,
    run: sendSignals,
  },
  {
    name: "programs",
    tries:
      "replaces the runner's programs and all that is read at a start by its own; then the container is started again",
    needsMoreThanOneJob: true,
    run: async (scene) => {
      await scene.attack(["programs"])
      const again = await scene.startAgain()
      // A job's own run.sh may do nothing at all; what ends has to say why.
      if (again === "ended" && !REFUSED.test(scene.container.lines.text))
        throw new Error("the container was not started again, and does not say why")
      scene.outcome.tried[`starts that ${WENT[again]}`] = 1
      await scene.end()
    },
  },
  {
    name: "runner-file",
    tries: "writes another runner's name and id into the runner's files; then the container is stopped",
    needsMoreThanOneJob: true,
    run: async (scene) => {
      await scene.attack(["runner-file"])
      await stop(scene)
    },
  },
  {
    name: "no-runner-file",
    tries: "deletes the runner's files; then the container is stopped",
    needsMoreThanOneJob: true,
    run: async (scene) => {
      await scene.attack(["no-runner-file"])
      await stop(scene)
    },
  },
  {
    name: "links",
    tries: "puts links to root's files, /dev/zero and pipes where the image's own programs read and write",
    needsMoreThanOneJob: true,
    memory: 900 * 2 ** 20,
    run: putLinks,
  },
])

function attackTable(attacks: readonly Attack[]): readonly Attack[] {
  return attacks
}

/** Whoever is still listed after the end has to be told of: by the exit code, or because nobody could have removed it. */
async function stop(scene: Scene): Promise<void> {
  await scene.idle()
  const { exitCode } = await scene.testEnv.stop(scene.container, "SIGTERM", 60)
  scene.outcome.tried.stops = 1
  if (scene.own === 0 || exitCode !== 0) return
  // Where the credential was given up nobody can remove the runner; that has to be said.
  const isTold = /GitHub lists the runner as offline/.test(scene.container.lines.text)
  if (!scene.way.cannotRemove || !isTold)
    scene.succeeded("an untrue success", `exit code 0, and ${String(scene.own)} runner of it is still listed`)
}
