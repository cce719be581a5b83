import { RunnerImagesError } from "../errors.js"
import type { OwnedFolder, UserAccount } from "../variants/runner-user.js"

/** The four account files of a Linux system, as text. */
export interface AccountFiles {
  passwd: string
  group: string
  shadow: string
  gshadow: string
}

/** The input of accounts.sh: `OWNER MODE PATH`, one folder per line. */
export function ownedFoldersText(folders: readonly OwnedFolder[]): string {
  return folders
    .map(({ path, owner, mode }) => `${String(owner.uid)}:${String(owner.gid)} 0${mode.toString(8)} ${path}\n`)
    .join("")
}

/**
 * Adds a user, its own group and its further groups, as useradd would, without running anything in the image.
 * The password is locked, and its age is left empty, so that the day of the build is not part of the image.
 *
 * @throws RunnerImagesError BUILD_FAILED when an id or name is taken by something else
 */
export function addUser(files: AccountFiles, user: UserAccount): AccountFiles {
  const taken = (what: string) =>
    new RunnerImagesError(
      "BUILD_FAILED",
      `The user ${user.name} cannot be added: ${what} is already used in the base image.`,
      "Use a base image without it.",
    )
  if (find(files.passwd, 0, user.name)) throw taken(`the name ${user.name}`)
  if (find(files.passwd, 2, String(user.uid))) throw taken(`the user id ${String(user.uid)}`)
  // Existing members would end up in the user's own group.
  if (find(files.group, 0, user.name)) throw taken(`the group ${user.name}`)
  let { group, gshadow } = files
  for (const wanted of [
    { name: user.name, gid: user.gid, members: "" },
    ...user.groups.map((g) => ({ ...g, members: user.name })),
  ]) {
    const existing = find(group, 0, wanted.name)
    if (existing) {
      group = addMember(group, wanted.name, user.name)
      gshadow = addMember(gshadow, wanted.name, user.name)
      continue
    }
    if (find(group, 2, String(wanted.gid))) throw taken(`the group id ${String(wanted.gid)}`)
    group += `${wanted.name}:x:${String(wanted.gid)}:${wanted.members}\n`
    gshadow += `${wanted.name}:!::${wanted.members}\n`
  }
  return {
    passwd: `${files.passwd}${user.name}:x:${String(user.uid)}:${String(user.gid)}::${user.home}:${user.shell}\n`,
    shadow: `${files.shadow}${user.name}:!:::::::\n`,
    group,
    gshadow,
  }
}

function find(file: string, field: number, value: string): string | undefined {
  return file.split("\n").find((line) => line.split(":")[field] === value)
}

/** Members are the last of the four fields, in both group and gshadow. */
function addMember(file: string, group: string, member: string): string {
  return file
    .split("\n")
    .map((line) => {
      const fields = line.split(":")
      if (fields[0] !== group) return line
      const members = (fields[3] ?? "").split(",").filter(Boolean)
      return [...fields.slice(0, 3), [...new Set([...members, member])].join(",")].join(":")
    })
    .join("\n")
}
