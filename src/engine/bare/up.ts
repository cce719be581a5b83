import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, realpathSync } from "node:fs"
import { join } from "node:path"
import type { PlatformName } from "../../../dagger/src/core/platforms.js"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { choosePort } from "./host/addresses.js"
import { clearWork } from "./artefacts/artefact.js"
import { baseDigest, baseReference } from "./artefacts/bases.js"
import { addBinfmtRules } from "./host/binfmt.js"
import { abandonStart, removeRulesOfTheDead } from "./instance/abandoned.js"
import { writeConfig } from "./instance/config.js"
import { contentEnv, contentKey } from "./artefacts/content.js"
import { goToolchain, type GoToolchain } from "./artefacts/go-toolchain.js"
import { bootId, checkDisk, checkHost, checkStateFolder, hostFacts } from "./host/host.js"
import { checkKernel } from "./host/kernel.js"
import { readHostState, withHostState } from "./state/host-state.js"
import { occupantOf } from "./instance/listener.js"
import { takeLock, type Lock } from "./state/lock.js"
import { answersOn, checkSocket, engineProcess, startEngine, stopEngine } from "./instance/namespace.js"
import { forwardingPlan, freeNetworks, listens, prepareHostNetwork, uplinks } from "./host/network.js"
import { missingPackages } from "./artefacts/host-packages.js"
import { artefactKeys, lazyPackageArchive, makeArtefacts } from "./make-artefacts.js"
import { phases, STARTING, type RunPhase } from "./phase.js"
import { hostSettings, missingArtefacts, plan, planLines, resumeLine, type Plan, type PlanFacts } from "./plan.js"
import { readRecord, recordChange, writeRecord, type InstanceRecord } from "./state/record.js"
import {
  checkListener,
  portTaken,
  registryConfigKey,
  registryProcess,
  startRegistry,
  stopRegistry,
} from "./instance/registry.js"
import { checkNamedDigest, writeRegistryStorage } from "./instance/registry-storage.js"
import { hostResolvConf } from "./host/resolvers.js"
import { InstanceFolder, StateFolder } from "./state/state-folder.js"
import { instanceName } from "./instance/instance-name.js"
import { BASE, BASE_NAME, ENGINE_VERSION } from "./state/version.js"

export interface UpOptions {
  /** The instance's name; else RUNNER_IMAGES_INSTANCE, else `default`. */
  instance?: string | undefined
  /** Port of the local registry; else RUNNER_IMAGES_REGISTRY_PORT, else the first free one from 5000. */
  registryPort?: number | undefined
  log: (line: string) => void
}

export interface BareEngine {
  instance: string
  version: string
  /** For process.env, before a client connects. */
  env: Record<string, string>
  /** Folder with the `dagger` of this engine's version. */
  cliFolder: string
  /** host:port on the host's loopback. */
  registry: string
  /** The base image by digest, as the engine knows it. */
  base: string
  /** The digests that builds start from, by the name of the base. */
  baseDigests: Readonly<Record<string, string>>
}

/** Where the given instance's state is stored. */
export function locate(
  instance: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): { state: StateFolder; folder: InstanceFolder } {
  const given = StateFolder.of(env)
  // A link leads to the same folder, which must be the same instance.
  const state = existsSync(given.root) ? new StateFolder(realpathSync(given.root)) : given
  return { state, folder: state.instance(instanceName(instance, env)) }
}

/** @throws RunnerImagesError USAGE for what is not a port */
export function wantedPort(flag: number | undefined, env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = env["RUNNER_IMAGES_REGISTRY_PORT"]
  const port = flag ?? (text ? Number(text) : undefined)
  if (port === undefined || (Number.isInteger(port) && port > 0 && port < 65536)) return port
  throw new RunnerImagesError(
    "USAGE",
    `"${flag === undefined ? text : String(flag)}" is not a port.`,
    "Give a number from 1 to 65535.",
  )
}

/** For the engine search: a running engine, or one that is started now. */
export function bareEngine(options: { log: (line: string) => void }): Promise<BareEngine> {
  return up(options)
}

/**
 * Starts an instance, or finds it running. Idempotent; a second call at the same time waits for the first.
 *
 * @throws RunnerImagesError for everything that can be missing or go wrong
 */
export async function up(options: UpOptions): Promise<BareEngine> {
  const host = checkHost(hostFacts(process.env))
  const port = wantedPort(options.registryPort)
  const running = await runningEngine(options.instance, host, port)
  if (running) {
    sayRemoved(removeRulesOfTheDead(locate(options.instance).folder, false), options.log)
    return running
  }
  checkStateFolder(StateFolder.of(process.env).root)
  const { state, folder } = locate(options.instance)
  const lock = await takeLock(state.lock, "engine up", options.log)
  try {
    return (
      (await runningEngine(options.instance, host, port)) ??
      (await bringUp({ state, folder, host, port, lock, log: options.log }))
    )
  } finally {
    await lock.release()
  }
}

function sayRemoved(rules: readonly string[], log: (line: string) => void): void {
  for (const rule of rules) log(`emulator: removed the kernel's rule ${rule} of an instance that does not run`)
}

/** The instance, if it runs and is what this version of the program would start. */
export async function runningEngine(
  instance: string | undefined,
  host: PlatformName,
  port: number | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<BareEngine | undefined> {
  const { folder } = locate(instance, env)
  const record = readRecord(folder)
  if (!record || record.bootId !== bootId() || record.engineVersion !== ENGINE_VERSION) return undefined
  if (port !== undefined && port !== record.registryPort) return undefined
  const keys = artefactKeys(host, record.goVersion)
  const same = (["binaries", "emulator", "bases", "content"] as const).every(
    (part) => keys[part] !== undefined && keys[part] === record.keys[part],
  )
  if (record.cli === undefined || !existsSync(record.cli)) return undefined
  if (!same || record.registryConfig !== registryConfigKey(folder, record) || record.socketInode === undefined)
    return undefined
  if (!engineProcess(record) || !(await answersOn(folder.socket))) return undefined
  await checkRunning(folder, record)
  if (!registryProcess(record)) return undefined
  return describe(folder, record)
}

/**
 * Compares an engine that answers with its record.
 *
 * @throws RunnerImagesError ENGINE_STATE when its socket or its base images were replaced, ENGINE_PORT when another program has
 *   its registry's port
 */
async function checkRunning(folder: InstanceFolder, record: InstanceRecord): Promise<void> {
  checkSocket(folder, record)
  checkNamedDigest(folder.basesStorage, BASE, record.baseDigest)
  if (registryProcess(record) || (await listens(record.registryPort))) checkListener(record)
}

function describe(folder: InstanceFolder, record: InstanceRecord): BareEngine {
  const cli = record.cli ?? ""
  const registry = `127.0.0.1:${record.registryPort}`
  return {
    instance: record.name,
    version: record.engineVersion,
    env: clientEnv(folder, cli),
    cliFolder: join(cli, ".."),
    registry,
    base: baseReference(record.baseDigest ?? ""),
    baseDigests: { [BASE_NAME]: record.baseDigest ?? "" },
  }
}

function clientEnv(folder: InstanceFolder, cli: string): Record<string, string> {
  return {
    _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${folder.socket}`,
    _EXPERIMENTAL_DAGGER_CLI_BIN: cli,
    DO_NOT_TRACK: "1",
    // Where the password is, not what it is: `dagger call publish --password file:…` reads it.
    RUNNER_IMAGES_REGISTRY_PASSWORD_FILE: folder.registryPassword,
  }
}

/** What `up` would do, without doing any of it. */
export async function planFor(
  options: Pick<UpOptions, "instance" | "registryPort">,
): Promise<{ plan: Plan; facts: PlanFacts }> {
  const host = checkHost(hostFacts(process.env))
  const { state, folder } = locate(options.instance)
  const record = readRecord(folder)
  const goVersion = record?.goVersion ?? (await goToolchain()).version
  const port = wantedPort(options.registryPort) ?? record?.registryPort ?? (await wouldBePort(folder))
  const facts: PlanFacts = {
    instance: Object.assign(folder, { binfmtRule: (uname: string) => `runner-images-${folder.id}-${uname}` }),
    stateFolder: state.root,
    host,
    packages: missingPackages(),
    missing: missingArtefacts(state, artefactKeys(host, goVersion)),
    ...hostSettings(),
    forwarding: forwardingPlan(await uplinks(hostResolvConf()), readHostState().forwardingSwitchedOn),
    registryPort: String(port),
  }
  return { plan: plan(facts), facts }
}

/** What has to be built in the state folder, as far as that is known without starting Go. */
export function missingHere(
  { state, folder }: { state: StateFolder; folder: InstanceFolder },
  host: PlatformName,
): PlanFacts["missing"] {
  return missingArtefacts(state, artefactKeys(host, readRecord(folder)?.goVersion))
}

async function wouldBePort(folder: InstanceFolder): Promise<number> {
  const choice = await choosePort(undefined, folder.name, portsOfOthers(readHostState().instances, folder.id), listens)
  return "port" in choice ? choice.port : choice.taken
}

function portsOfOthers(instances: Record<string, { registryPort: number }>, id: string): number[] {
  return Object.entries(instances)
    .filter(([other]) => other !== id)
    .map(([, { registryPort }]) => registryPort)
}

export interface BringUp {
  state: StateFolder
  folder: InstanceFolder
  host: PlatformName
  port: number | undefined
  lock: Lock
  log: (line: string) => void
}

async function bringUp(run: BringUp): Promise<BareEngine> {
  const { state, folder, host, log } = run
  const phase = phases(STARTING, run.lock, log)

  // Everything that can be rejected is rejected before anything changes.
  const resolvConf = hostResolvConf()
  await checkKernel(state.root)
  const before = currentRecord(folder)
  const go = await goOrWhatItMade(state, before, host)
  const { plan: planned, facts } = await planFor({ instance: folder.name, registryPort: run.port })
  checkDisk(state.root, planned.diskBytes)
  if (before === undefined) for (const line of planLines(planned, facts)) log(line)

  const unfinished = existsSync(state.work)
  const ended = await clearWork(state.work)
  if (unfinished) log(resumeLine(ended, facts.missing))
  mkdirSync(state.work, { recursive: true })
  const keys = artefactKeys(host, go.version)
  // What follows changes the record in place.
  const found = structuredClone(before)
  const record = await claim(run, before, resolvConf)
  const abandon = () => {
    abandonStart(folder, record, found)
  }
  // A signal ends this process at any point of what follows.
  process.once("exit", abandon)
  try {
    return await start(run, record, { go, resolvConf, keys, phase })
  } finally {
    process.off("exit", abandon)
  }
}

interface Start {
  go: GoToolchain
  resolvConf: string
  keys: ReturnType<typeof artefactKeys>
  phase: RunPhase
}

/** Makes what is missing, and starts the claimed instance. */
async function start(
  run: BringUp,
  record: InstanceRecord,
  { go, resolvConf, keys, phase }: Start,
): Promise<BareEngine> {
  const { state, folder, host, log } = run
  const making = { state, host, go, phase, packageArchive: lazyPackageArchive(state.work, host), log }
  const emulate = (emulator: string) => {
    sayRemoved(removeRulesOfTheDead(folder, true), log)
    return addBinfmtRules(folder, record, emulator, host)
  }
  const { registryProgram, binaries, bases, content } = await makeArtefacts({ ...making, emulate })
  await phase("network", `${record.link} to the host, ${record.containers} for containers`, () =>
    prepareHostNetwork(folder, record, resolvConf),
  )
  await phase("registry", `on 127.0.0.1:${record.registryPort}`, async () => {
    writeConfig(folder, { registryPort: record.registryPort, binaries, resolvConf })
    const digest = baseDigest(bases)
    await writeRegistryStorage(folder.basesStorage, bases, { ...BASE, digest })
    record.baseDigest = digest
    mkdirSync(folder.registryStorage, { recursive: true })
    for (const path of [folder.home, folder.temporary]) mkdirSync(path, { recursive: true })
    await startRegistry(folder, record, registryProgram)
  })

  // A record without a content key belongs to an engine that cannot serve modules yet and does not count as ready.
  record.keys = { binaries: keys.binaries, emulator: keys.emulator, bases: keys.bases }
  record.cli = join(binaries, "dagger")
  writeRecord(folder, record)
  const parts = { binaries, registryProgram }
  await phase("engine", folder.socket, async () => {
    await startEngine(state, folder, record, { ...parts, content: { folder: content, env: contentEnv(content) } })
    record.keys.content = keys.content ?? contentKey(keys.binaries, go)
    record.goVersion = go.version
    writeRecord(folder, record)
  })
  await clearWork(state.work)
  return describe(folder, record)
}

/** Go, or the version that built the existing artefacts: an engine that is already built needs no Go. */
export async function goOrWhatItMade(
  state: StateFolder,
  record: InstanceRecord | undefined,
  host: PlatformName,
): Promise<GoToolchain> {
  try {
    return await goToolchain()
  } catch (error) {
    const version = record?.goVersion
    const missing = missingArtefacts(state, artefactKeys(host, version))
    if (version === undefined || missing.binaries || missing.content) throw error
    return { program: "", root: "", version }
  }
}

/** The record, without what a reboot has undone. */
function currentRecord(folder: InstanceFolder): InstanceRecord | undefined {
  const record = readRecord(folder)
  if (record && record.bootId !== bootId()) return { ...record, bootId: bootId(), changes: [], processes: {} }
  return record
}

/** Records this instance's addresses and port, so that no other instance takes them. */
export async function claim(
  run: BringUp,
  before: InstanceRecord | undefined,
  resolvConf: string,
): Promise<InstanceRecord> {
  const { folder } = run
  if (before && run.port !== undefined && run.port !== before.registryPort) {
    await stopEngine(folder, before)
    await stopRegistry(folder, before)
  }
  return withHostState(async (hostState, save) => {
    const others = Object.entries(hostState.instances).filter(([id]) => id !== folder.id)
    const registryRuns = before !== undefined && registryProcess(before) !== undefined
    const choice = registryRuns
      ? { port: before.registryPort }
      : await choosePort(
          run.port ?? (before && !(await listens(before.registryPort)) ? before.registryPort : undefined),
          folder.name,
          others.map(([, other]) => other.registryPort),
          listens,
        )
    if ("taken" in choice) {
      const owner = others.find(([, { registryPort }]) => registryPort === choice.taken)
      throw portTaken(choice.taken, owner?.[1].record)
    }
    if (before && run.port === undefined && choice.port !== before.registryPort)
      run.log(
        `registry: port ${before.registryPort} is taken by ${occupantOf(before.registryPort) ?? "another instance"}; using ${choice.port}`,
      )
    // The addresses stay the same while firewall rules contain them.
    const networks =
      before && before.changes.length > 0
        ? { link: before.link, containers: before.containers }
        : await freeNetworks(
            folder,
            resolvConf,
            others.map(([, other]) => other.link),
          )
    const record: InstanceRecord = {
      keys: {},
      changes: [],
      processes: {},
      marker: randomUUID(),
      ...before,
      schemaVersion: 1,
      name: folder.name,
      id: folder.id,
      bootId: bootId(),
      engineVersion: ENGINE_VERSION,
      registryPort: choice.port,
      ...networks,
    }
    // The instance's own record first, so that `down` finds everything that is in the host state.
    writeRecord(folder, record)
    recordChange(folder, record, { kind: "runtime-folder", path: folder.runtime })
    mkdirSync(folder.runtime, { recursive: true, mode: 0o755 })
    writeRecord(folder, record)
    hostState.instances[folder.id] = { link: record.link, registryPort: record.registryPort, record: folder.record }
    save()
    return record
  })
}
