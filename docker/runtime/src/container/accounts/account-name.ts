import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Environment } from "../../environment.js"
import { namesIn } from "../../files/names.js"
import { textOf } from "../../files/text-of.js"
import { replaceFileSync } from "../../files/untrusted-file.js"

/** Of the package libnss-wrapper, in the folder of the platform's libraries. */
const LIBRARY = "libnss_wrapper.so"

/** The name that the image's own user has. */
const NAME = "runner"

export interface AccountNameOptions {
  readonly uid: number
  readonly gid: number
  /** What HOME is for jobs. */
  readonly home: string
  /** What jobs get. */
  readonly environment: Environment
  /** Where files can be written; only this user may write there. */
  readonly folder: string
  /** The file system's root. */
  readonly root: string
}

/**
 * Gives a user who has no account a name in jobs: ssh refuses to work without one, and git to commit. A library that programs load answers
 * from a list of accounts in place of `/etc/passwd`. The alternative, an `/etc/passwd` that the root group may write to, would let every
 * process of that group become root through su, needs a container of that group, and does not work with a read-only root.
 *
 * @returns variables for jobs; none for a user with an account
 */
export function accountVariables(options: AccountNameOptions): Record<string, string> {
  const { uid, gid, home, environment, folder, root } = options
  const accounts = lines(root, "passwd")
  if (accounts.some((line) => fieldOf(line, 2) === String(uid)) || !isInstalled(root)) return {}
  const groups = lines(root, "group")
  const passwd = join(folder, "passwd")
  const group = join(folder, "group")
  replaceFileSync(passwd, text([...others(accounts), `${NAME}:x:${String(uid)}:${String(gid)}::${home}:/bin/bash`]))
  const known = groups.some((line) => fieldOf(line, 2) === String(gid))
  replaceFileSync(group, text(known ? groups : [...others(groups), `${NAME}:x:${String(gid)}:`]))
  return {
    LD_PRELOAD: [environment.LD_PRELOAD, LIBRARY].filter(Boolean).join(":"),
    NSS_WRAPPER_PASSWD: passwd,
    NSS_WRAPPER_GROUP: group,
    // Programs that are linked statically, such as Docker's and GitHub's clients, load no library, but take the name from here.
    USER: environment.USER ?? NAME,
    // GCC's address sanitizer refuses to run after another library.
    ASAN_OPTIONS: [environment.ASAN_OPTIONS, "verify_asan_link_order=0"].filter(Boolean).join(":"),
  }
}

function isInstalled(root: string): boolean {
  const libraries = join(root, "usr/lib")
  return namesIn(libraries).some((folder) => existsSync(join(libraries, folder, LIBRARY)))
}

/** A derived image may have no such list. */
function lines(root: string, name: string): string[] {
  return (textOf(join(root, "etc", name)) ?? "").split("\n").filter(Boolean)
}

function fieldOf(line: string, place: number): string | undefined {
  return line.split(":")[place]
}

/** Without the image's own user, whose name this one takes. */
function others(list: readonly string[]): string[] {
  return list.filter((line) => fieldOf(line, 0) !== NAME)
}

function text(list: readonly string[]): string {
  return `${list.join("\n")}\n`
}
