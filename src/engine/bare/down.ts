import { rmSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { hasCgroups, removeCgroups } from "./host/cgroups.js"
import { removeBinfmtRule, unmountUnusedBinfmt } from "./host/binfmt.js"
import { removeEmptyTable, removeRule } from "./host/firewall.js"
import { bootId, checkHost, hostFacts } from "./host/host.js"
import { removeEmptyHostState, withHostState } from "./state/host-state.js"
import { takeLock } from "./state/lock.js"
import { engineProcess, stopEngine } from "./instance/namespace.js"
import { switchForwarding } from "./host/forwarding.js"
import { removeInterface, switchForwardingBack } from "./host/network.js"
import { installedByUs } from "./artefacts/host-packages.js"
import { forgetChange, readRecord, writeRecord, type Change, type InstanceRecord } from "./state/record.js"
import { registryProcess, stopRegistry } from "./instance/registry.js"
import type { InstanceFolder } from "./state/state-folder.js"
import { locate } from "./up.js"

export interface DownResult {
  instance: string
  /** What was undone, in order. Empty when the instance was not up. */
  undone: string[]
  /** Packages that an earlier `up` installed and that stay. */
  packages: string[]
  stateFolder: string
}

/**
 * Stops an instance and undoes the changes to the host that its record lists, one at a time. What others have created since
 * stays. Idempotent: after an interruption, it continues where it stopped.
 */
export async function down(options: {
  instance?: string | undefined
  log: (line: string) => void
}): Promise<DownResult> {
  checkHost({ ...hostFacts(process.env), proxies: {} })
  const { state, folder } = locate(options.instance)
  const result: DownResult = {
    instance: folder.name,
    undone: [],
    packages: installedByUs(state),
    stateFolder: state.root,
  }
  if (!readRecord(folder)) return result
  const lock = await takeLock(state.lock, "engine down", options.log)
  try {
    result.undone = await takeDown(folder, options.log)
    return result
  } finally {
    await lock.release()
  }
}

/**
 * What {@link down} does once it has the lock.
 *
 * @returns what was undone, in order
 */
export async function takeDown(folder: InstanceFolder, log: (line: string) => void): Promise<string[]> {
  const undone: string[] = []
  const record = readRecord(folder)
  if (!record) return undone
  const did = (what: string) => {
    undone.push(what)
    log(what)
  }
  if (record.bootId === bootId()) {
    if (engineProcess(record)) did("stopped the engine")
    await stopEngine(folder, record)
    if (registryProcess(record)) did("stopped the registry")
    await stopRegistry(folder, record)
    // Before the rules that guard it are removed.
    for (const what of await restoreForwarding(folder)) did(what)
    for (const change of [...record.changes].reverse()) {
      did(await undo(change))
      forgetChange(folder, record, change)
    }
  } else {
    // A reboot has undone everything but the record of it.
    writeRecord(folder, { ...record, changes: [], processes: {} })
  }
  for (const what of await leaveHostState(folder, record)) did(what)
  return undone
}

async function undo(change: Change): Promise<string> {
  switch (change.kind) {
    case "firewall-rule":
      await removeRule(change)
      return `removed a rule of chain ${change.chain} in the firewall table ${change.table}`
    case "firewall-table":
      await removeEmptyTable(change.table)
      return `removed the firewall table ${change.table}, unless it is in use`
    case "interface":
      await removeInterface(change.name)
      return `removed the network interface ${change.name}`
    case "binfmt-rule":
      removeBinfmtRule(change.name)
      return `removed the binfmt_misc rule ${change.name}`
    case "cgroup":
      for (let tries = 0; hasCgroups(change.name) && tries < 100; tries++) {
        removeCgroups(change.name)
        await sleep(50)
      }
      return `removed the control group ${change.name}`
    case "runtime-folder":
      rmSync(change.path, { recursive: true, force: true })
      return `removed ${change.path}`
  }
}

/** Restores the forwarding settings, unless another instance needs them. */
async function restoreForwarding(folder: InstanceFolder): Promise<string[]> {
  return withHostState((hostState) => {
    if (Object.keys(hostState.instances).some((id) => id !== folder.id)) return []
    const restored: string[] = []
    if (hostState.forwardingWasOff) {
      switchForwarding("all", false)
      restored.push("set net.ipv4.ip_forward back to 0")
    }
    switchForwardingBack(hostState.forwardingSwitchedOn)
    for (const device of hostState.forwardingSwitchedOn)
      restored.push(`set net.ipv4.conf.${device}.forwarding back to 0, unless forwarding is on for the whole host`)
    hostState.forwardingWasOff = false
    hostState.forwardingSwitchedOn = []
    return restored
  })
}

/** Releases the instance's claims; the last instance on the machine restores shared settings. */
async function leaveHostState(folder: InstanceFolder, record: InstanceRecord): Promise<string[]> {
  if (record.bootId !== bootId()) return []
  const done = await withHostState(async (hostState, save) => {
    const { [folder.id]: own, ...others } = hostState.instances
    hostState.instances = others
    if (own) save()
    if (Object.keys(others).length > 0) return []
    const restored: string[] = []
    if (hostState.binfmtWasUnmounted) {
      await unmountUnusedBinfmt()
      hostState.binfmtWasUnmounted = false
      restored.push("unmounted binfmt_misc, unless it is in use")
    }
    save()
    return restored
  })
  removeEmptyHostState()
  return done
}
