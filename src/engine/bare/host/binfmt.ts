import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { spelling, type PlatformSpelling, PLATFORMS, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { attempt, exec } from "../../../host/exec.js"
import { withHostState } from "../state/host-state.js"
import { recordChange, type InstanceRecord } from "../state/record.js"
import type { InstanceFolder } from "../state/state-folder.js"

const FOLDER = "/proc/sys/fs/binfmt_misc"

/**
 * The kernel's rule for one architecture's programs: an ELF header of its class and machine, little-endian, executable or
 * shared. Flags: F opens the interpreter now, so that it works inside every root and mount namespace; P, O and C keep argv[0],
 * unreadable programs and setuid as on real hardware. The kernel asks the newest rule first, so the host's own may stay.
 */
export function binfmtRule(name: string, arch: PlatformSpelling, interpreter: string): string {
  const magic = [0x7f, 0x45, 0x4c, 0x46, arch.elfClass === 64 ? 2 : 1, 1, 1, ...zeroes(9), 2, 0]
  const mask = [...ones(7), 0, ...ones(8), 0xfe, 0xff]
  const machine = [arch.elfMachine & 0xff, arch.elfMachine >> 8]
  return `:${name}:M::${hex([...magic, ...machine])}:${hex([...mask, 0xff, 0xff])}:${interpreter}:POCF`
}

const zeroes = (count: number): number[] => Array.from({ length: count }, () => 0)
const ones = (count: number): number[] => Array.from({ length: count }, () => 0xff)
const hex = (bytes: readonly number[]): string =>
  bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")

/** Makes the kernel run foreign programs under the emulator, by a rule of this instance's own. */
export async function addBinfmtRules(
  folder: InstanceFolder,
  record: InstanceRecord,
  emulator: string,
  host: PlatformName,
): Promise<void> {
  await withHostState(async (hostState, save) => {
    if (existsSync(join(FOLDER, "register"))) return
    hostState.binfmtWasUnmounted = true
    save()
    await mountBinfmt()
  })
  for (const platform of foreignPlatforms(host)) {
    const interpreter = emulatorProgram(emulator, platform)
    const name = folder.binfmtRule(spelling(platform).uname)
    const rule = join(FOLDER, name)
    if (existsSync(rule) && readFileSync(rule, "utf8").includes(`interpreter ${interpreter}\n`)) continue
    recordChange(folder, record, { kind: "binfmt-rule", name })
    if (existsSync(rule)) removeBinfmtRule(name)
    writeFileSync(join(FOLDER, "register"), binfmtRule(name, spelling(platform), interpreter))
  }
}

async function mountBinfmt(): Promise<void> {
  await attempt("modprobe", ["binfmt_misc"])
  try {
    await exec("mount", ["-t", "binfmt_misc", "binfmt_misc", FOLDER])
  } catch (cause) {
    throw new RunnerImagesError(
      "ENGINE_HOST",
      `The kernel cannot run foreign programs under an emulator: ${cause instanceof Error ? cause.message : String(cause)}.`,
      "Boot a kernel with CONFIG_BINFMT_MISC, such as the distribution's own.",
      { cause },
    )
  }
}

/** Rules of instances, with the instance's id. */
const OWN_RULE = /^runner-images-([0-9a-f]{8})-\w+$/

/**
 * Removes the rules that instances have left which neither run nor are being started: the kernel asks the newest rule first, so the emulator of
 * an instance that was killed would go on to run the programs of all others.
 *
 * @param lives whether the instance with an id runs, or is being started
 * @returns the removed rules' names
 */
export function removeAbandonedRules(lives: (id: string) => boolean, folder = FOLDER): string[] {
  if (!existsSync(folder)) return []
  const abandoned = readdirSync(folder).filter((name) => {
    const id = OWN_RULE.exec(name)?.[1]
    return id !== undefined && !lives(id)
  })
  for (const name of abandoned) writeFileSync(join(folder, name), "-1")
  return abandoned
}

export function removeBinfmtRule(name: string): void {
  const rule = join(FOLDER, name)
  if (existsSync(rule)) writeFileSync(rule, "-1")
}

/** Unmounts binfmt_misc again, unless somebody has added rules by now. */
export async function unmountUnusedBinfmt(): Promise<void> {
  const rules = (await attempt("ls", [FOLDER])).stdout
    .split("\n")
    .filter((name) => !["register", "status", ""].includes(name))
  if (rules.length === 0 && existsSync(join(FOLDER, "register"))) await attempt("umount", [FOLDER])
}

/** Platforms whose programs this host runs under emulation. */
export function foreignPlatforms(host: PlatformName): PlatformName[] {
  return PLATFORMS.filter((platform) => platform !== host)
}

export function emulatorProgram(folder: string, platform: PlatformName): string {
  return join(folder, `qemu-${spelling(platform).uname}`)
}
