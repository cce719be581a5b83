/** The runner user, the same in every image. The docker group has the same id as in GitHub's own runner image. */
export const RUNNER_USER = {
  name: "runner",
  uid: 1001,
  gid: 1001,
  home: "/home/runner",
  shell: "/bin/bash",
  groups: [{ name: "docker", gid: 123 }],
} as const

/**
 * The user whose process holds GitHub's credentials if a container starts as root, so that no job can reach them: nobody can log in as
 * it, and the runner user is in none of its groups.
 */
export const AGENT_USER = {
  name: "runner-agent",
  uid: 1002,
  gid: 1002,
  home: "/nonexistent",
  shell: "/usr/sbin/nologin",
  groups: [],
} as const

/** The accounts that every image has in addition to its base's. */
export const ACCOUNTS = [RUNNER_USER, AGENT_USER] as const

/** The user that containers start as, by number, so that Kubernetes can verify that it is not root. */
export function userOf({ root }: { root: boolean }): string {
  return String(root ? 0 : RUNNER_USER.uid)
}

export const TOOL_CACHE = "/opt/hostedtoolcache"

/** Folders of the user's own programs, relative to its home. Their `bin` folders are on PATH, before everything else. */
export const USER_FOLDERS = {
  /** Where pip, pipx and others install for one user. */
  local: ".local",
  /** Where npm installs globally. */
  npm: ".npm-global",
} as const

const atHome = (folder: string) => `${RUNNER_USER.home}/${folder}`

/**
 * Folders that belong to the runner user: its home, the tool cache, and every path at which people mount volumes. A volume inherits the
 * owner and mode of the folder that it covers; if there is none, it belongs to root.
 */
export const RUNNER_FOLDERS = [
  RUNNER_USER.home,
  ...["_work", "workspace", ".config", ".npm", ".cache", ".cache/pip", ".cache/ms-playwright"].map(atHome),
  ...[".runnercache", ".runnercache/npm", ".runnercache/pip", "go", "go/pkg"].map(atHome),
  ...Object.values(USER_FOLDERS).flatMap((folder) => [folder, `${folder}/bin`].map(atHome)),
  "/_work",
  "/runner",
  "/runner/_work",
  "/runner/data",
  TOOL_CACHE,
] as const

/** Root's home, in images that start as root. */
export const ROOT_HOME = "/root"

/**
 * The folders of a user's own programs, as a part of PATH.
 *
 * @example userPath("/home/runner") ⇒ "/home/runner/.local/bin:/home/runner/.npm-global/bin"
 */
export function userPath(home: string): string {
  return Object.values(USER_FOLDERS)
    .map((folder) => `${home}/${folder}/bin`)
    .join(":")
}

/**
 * Folders that belong to the agent alone: its state, and the mount point of its socket's volume. The runtime program takes the owner of
 * the first to be the agent.
 */
export const AGENT_FOLDERS = ["/var/lib/runner-broker", "/run/runner-broker"] as const

/** Every folder that a user of {@link ACCOUNTS} owns. */
export const OWNED_FOLDERS: readonly OwnedFolder[] = [
  ...RUNNER_FOLDERS.map((path) => ({
    path,
    owner: RUNNER_USER,
    // A container under another user id that shares the group may write there too.
    mode: path === RUNNER_USER.home ? 0o755 : 0o775,
  })),
  ...AGENT_FOLDERS.map((path) => ({ path, owner: AGENT_USER, mode: 0o700 })),
]

/** A folder that belongs to a user and its own group. */
export interface OwnedFolder {
  path: string
  owner: Pick<UserAccount, "uid" | "gid">
  mode: number
}

export interface UserAccount {
  name: string
  uid: number
  gid: number
  home: string
  shell: string
  /** Further groups that the user is in; created if missing. */
  groups: readonly { name: string; gid: number }[]
}
