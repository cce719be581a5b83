import { existsSync, readFileSync } from "node:fs"
import { z } from "zod"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { writeFileAtomic } from "./atomic-file.js"
import type { InstanceFolder } from "./state-folder.js"

/** A process of ours. The start time tells it from another that got the same process ID later. */
export const processSchema = z.object({
  pid: z.number().int().positive(),
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  startTime: z.string().regex(/^\d+$/),
  /** Its executable. Records of earlier versions have none. */
  program: z.string().optional(),
})
export type RecordedProcess = z.infer<typeof processSchema>

/** One firewall rule: `iptables -t TABLE -I CHAIN …rule`. */
export const firewallRuleSchema = z.object({ table: z.string(), chain: z.string(), rule: z.array(z.string()) })
export type FirewallRule = z.infer<typeof firewallRuleSchema>

/** A change to the host, recorded before it is made. `down` undoes these and nothing else. */
export const changeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("firewall-rule"), ...firewallRuleSchema.shape }),
  /** iptables made this table because the host had none. It goes when nothing else is in it. */
  z.object({ kind: z.literal("firewall-table"), table: z.string() }),
  z.object({ kind: z.literal("interface"), name: z.string() }),
  z.object({ kind: z.literal("binfmt-rule"), name: z.string() }),
  z.object({ kind: z.literal("cgroup"), name: z.string() }),
  z.object({ kind: z.literal("runtime-folder"), path: z.string() }),
])
export type Change = z.infer<typeof changeSchema>

export const recordSchema = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  id: z.string(),
  /** Changes and processes do not survive a reboot. */
  bootId: z.string(),
  engineVersion: z.string(),
  registryPort: z.number().int().min(1).max(65535),
  /** The veth pair's /30. */
  link: z.string(),
  /** Where containers get their addresses. */
  containers: z.string(),
  keys: z.object({ binaries: z.string(), emulator: z.string(), bases: z.string(), content: z.string() }).partial(),
  /** The Go version in the SDKs' contents. */
  goVersion: z.string().optional(),
  /** The digest of the base image's index as it was built: builds start from it, whatever any registry says. */
  baseDigest: z.string().optional(),
  /** Key of the configuration that the registry on the host's loopback was started with. */
  registryConfig: z.string().optional(),
  /** The engine's socket: a file that replaced it has another inode. */
  socketInode: z.number().int().optional(),
  /** The CLI, for clients. */
  cli: z.string().optional(),
  changes: z.array(changeSchema),
  /** In the environment of all processes, to find them if a process ID was not recorded in time. */
  marker: z.string(),
  processes: z.object({ engine: processSchema, registry: processSchema }).partial(),
  startedAt: z.string().optional(),
})
export type InstanceRecord = z.infer<typeof recordSchema>

/** Reads an instance's record, or undefined when it has none. Throws ENGINE_STATE when it is not valid. */
export function readRecord(folder: InstanceFolder): InstanceRecord | undefined {
  const path = [folder.record, folder.recordCopy].find((candidate) => existsSync(candidate))
  if (path === undefined) return undefined
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, "utf8")))
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_STATE",
      `${path} is not a valid record of an engine instance.`,
      "It was written by another version of this program, or by hand: run engine down with that version, or remove the file if the engine is not running.",
      { cause },
    )
  }
}

export function writeRecord(folder: InstanceFolder, record: InstanceRecord): void {
  const text = `${JSON.stringify(record, undefined, 2)}\n`
  writeFileAtomic(folder.record, text)
  if (existsSync(folder.runtime)) writeFileAtomic(folder.recordCopy, text)
}

/** Records a change before it is made. The same change is recorded once. */
export function recordChange(folder: InstanceFolder, record: InstanceRecord, change: Change): void {
  const text = JSON.stringify(change)
  if (record.changes.some((known) => JSON.stringify(known) === text)) return
  record.changes.push(change)
  writeRecord(folder, record)
}

/** Forgets a change that has been undone. */
export function forgetChange(folder: InstanceFolder, record: InstanceRecord, change: Change): void {
  record.changes = record.changes.filter((known) => known !== change)
  writeRecord(folder, record)
}
