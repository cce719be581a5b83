import { dirname } from "node:path"
import { removeAbandonedRules, removeBinfmtRule } from "../host/binfmt.js"
import { findMarked, signal } from "../host/process.js"
import { isLocked } from "../state/lock.js"
import { readHostState } from "../state/host-state.js"
import { readRecord, writeRecord, type InstanceRecord } from "../state/record.js"
import { InstanceFolder, StateFolder } from "../state/state-folder.js"
import { engineProcess } from "./namespace.js"
import { registryMarker } from "./registry.js"

/**
 * Removes the kernel's rules of instances that were killed, or whose state folder was deleted. One that this host does not know may run in a
 * container or namespace with a /run of its own, with which the kernel's rules are shared: its rules are left alone.
 *
 * @param own the instance that asks. Nothing else of its state folder is being started if the caller has the lock.
 * @returns the removed rules' names
 */
export function removeRulesOfTheDead(own: InstanceFolder, hasLock: boolean): string[] {
  const { instances } = readHostState()
  const ownState = dirname(dirname(own.root))
  return removeAbandonedRules((id) => {
    if (id === own.id) return true
    const path = instances[id]?.record
    if (path === undefined) return true
    const root = dirname(path)
    const record = readRecord(new InstanceFolder("", root, id))
    if (record && engineProcess(record)) return true
    const state = dirname(dirname(root))
    return state === ownState && hasLock ? false : isLocked(new StateFolder(state).lock)
  })
}

/**
 * Undoes at once what a start that is interrupted would leave running: its processes, and the emulator that the kernel gives to all foreign programs
 * of this machine. Everything else stays in the record, for the next start or for `down`.
 *
 * @param before the record as the start found it
 */
export function abandonStart(folder: InstanceFolder, record: InstanceRecord, before: InstanceRecord | undefined): void {
  const kept = [before?.processes.engine, before?.processes.registry].map((known) => known?.pid)
  for (const left of [record.marker, registryMarker(record)].flatMap(findMarked))
    if (!kept.includes(left.pid)) signal(left, "SIGKILL")
  const added = record.changes.filter(
    (change) => change.kind === "binfmt-rule" && !before?.changes.some((known) => sameRule(known, change.name)),
  )
  for (const change of added) if (change.kind === "binfmt-rule") removeBinfmtRule(change.name)
  record.changes = record.changes.filter((change) => !added.includes(change))
  writeRecord(folder, record)
}

function sameRule(change: InstanceRecord["changes"][number], name: string): boolean {
  return change.kind === "binfmt-rule" && change.name === name
}
