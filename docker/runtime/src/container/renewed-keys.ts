import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { textOf } from "../files/text-of.js"
import type { Log } from "../log.js"

/** In the program's folder: names of keys that the image's packages made and the build took out, one per line. */
const LIST = "renewed-keys"

/** How each of them is made; a key that exists stays as it is. */
export const KEY_PROGRAMS: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  "ssh-host-keys": ["/usr/bin/ssh-keygen", "-A"],
  "snakeoil-certificate": ["/usr/sbin/make-ssl-cert", "generate-default-snakeoil"],
}

/** The environment's own PATH may have folders that jobs can write to. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

/** Milliseconds for one program. RSA keys take a while under emulation. */
const LIMIT = 120_000

export interface RenewOptions {
  /** The program's folder. */
  readonly library: string
  readonly uid: number
  readonly log: Log
}

/**
 * Makes this container's own keys in place of those that would be the same in all containers of the image. Needs root. What cannot be
 * made is a warning: only services in jobs need these keys.
 */
export function renewKeys({ library, uid, log }: RenewOptions, programs = KEY_PROGRAMS): void {
  const known = (textOf(join(library, LIST)) ?? "").split("\n").flatMap((name) => {
    const program = programs[name]
    return program === undefined ? [] : [{ name, program }]
  })
  if (known.length === 0) return
  if (uid !== 0) {
    const commands = known.map(({ program }) => program.join(" ")).join("; ")
    log.info(`no key is made for services of this container, which was not started as root. To make them: ${commands}`)
    return
  }
  for (const { name, program } of known) {
    const failure = failureOf(program)
    if (failure !== undefined) log.warn(`${name}: ${program.join(" ")} failed: ${failure}`)
  }
}

function failureOf([program, ...args]: readonly [string, ...string[]]): string | undefined {
  const { error, status, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH, LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: LIMIT,
  })
  if (error) return error.message
  return status === 0 ? undefined : stderr.trim() || `exit code ${String(status)}`
}
