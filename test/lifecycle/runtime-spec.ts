import { z } from "zod"
import type { UnpackedImage } from "./oci-image.js"

/** What is mounted into a container besides the usual. */
export type Mount =
  | { readonly kind: "bind"; readonly source: string; readonly target: string; readonly readonly?: boolean }
  /** @param options as `docker run --tmpfs /tmp:exec` takes them; without `exec`, nothing there can be run */
  | { readonly kind: "tmpfs"; readonly target: string; readonly options?: readonly string[] }

/** What `docker run` would be given. */
export interface ContainerOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** In place of the image's entrypoint, as `command` of Kubernetes and `docker run --entrypoint`. */
  readonly entrypoint?: readonly string[]
  /** What follows the image's name. */
  readonly args?: readonly string[]
  /** `1001`, `1001:0`; the image's user without it. */
  readonly user?: string
  readonly addGroups?: readonly number[]
  readonly readOnly?: boolean
  readonly mounts?: readonly Mount[]
  /** Of root: `[]` is `cap_drop: ALL`. Docker's own without it. */
  readonly capabilities?: readonly string[]
  readonly noNewPrivileges?: boolean
  /** Bytes. */
  readonly memory?: number
  readonly hostname?: string
  /** Lines of /etc/hosts besides localhost's: `127.0.0.9 github.com`. */
  readonly hosts?: readonly string[]
}

/** Capabilities that Docker leaves a container: https://docs.docker.com/engine/security/#linux-kernel-capabilities */
const CAPABILITIES = [
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID"],
  ...["CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL"],
  "CAP_AUDIT_WRITE",
]

/** The parts of umoci's configuration that are changed here. */
const BASE = z.looseObject({
  process: z.looseObject({}),
  mounts: z.array(z.looseObject({ destination: z.string() })),
  linux: z.looseObject({ namespaces: z.array(z.looseObject({ type: z.string() })) }),
})

/** A numeric user of a container, with the groups and the home that its files give it. */
export interface User {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly home: string
}

/** Where a container's own files are on the host. */
export interface ContainerFiles {
  readonly id: string
  /** The container's root, where the overlay is mounted. */
  readonly root: string
  /** Files to mount over the image's, as engines do: path in the container → path on the host. */
  readonly etc: Readonly<Record<string, string>>
}

/** A user as `docker run --user` takes it: what /etc/passwd and /etc/group say of a known one; group 0 and no home for any other. */
export function resolveUser(given: string, { passwd, group }: { passwd: string; group: string }): User {
  const [name = "0", givenGroup] = given.split(":")
  const rows = (text: string): string[][] => text.split("\n").map((line) => line.split(":"))
  const known = rows(passwd).find(([login, , id]) => login === name || id === name)
  const [login, , uid = name, gid = "0", , home = "/"] = known ?? []
  const groups = rows(group).flatMap(([, , id, members = ""]) =>
    login !== undefined && givenGroup === undefined && members.split(",").includes(login) ? [Number(id)] : [],
  )
  return { uid: Number(uid), gid: Number(givenGroup ?? gid), groups, home }
}

/** runc's configuration of a container: umoci's, changed as Docker would, with the host's network. */
export function runtimeSpec(
  image: UnpackedImage,
  user: User,
  files: ContainerFiles,
  options: ContainerOptions,
): object {
  const base = BASE.parse(image.spec)
  const { entrypoint, args, environment = {}, hostname = files.id, capabilities = CAPABILITIES } = options
  // An entrypoint of one's own drops the image's arguments.
  const last = args ?? (entrypoint ? [] : image.defaultArguments)
  const own = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const inherited = [`HOSTNAME=${hostname}`, `HOME=${user.home}`, ...image.environment]
  const isSet = (entry: string): boolean => entry.slice(0, entry.indexOf("=")) in environment
  return {
    ...base,
    hostname,
    root: { path: files.root, readonly: options.readOnly ?? false },
    process: {
      ...base.process,
      terminal: false,
      args: [...(entrypoint ?? image.entrypoint), ...last],
      env: [...inherited.filter((entry) => !isSet(entry)), ...own],
      cwd: image.workdir,
      user: { uid: user.uid, gid: user.gid, additionalGids: [...user.groups, ...(options.addGroups ?? [])] },
      capabilities: grant(capabilities, user),
      noNewPrivileges: options.noNewPrivileges ?? false,
      // The host's: to raise them takes a capability that not every host has.
      rlimits: [],
    },
    mounts: [...base.mounts, ...etcMounts(files), ...(options.mounts ?? []).map(mountOf)],
    linux: {
      ...base.linux,
      cgroupsPath: `/runner-images-lifecycle-${files.id}`,
      namespaces: base.linux.namespaces.filter(({ type }) => type !== "network"),
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        ...(options.memory !== undefined && { memory: { limit: options.memory } }),
      },
    },
  }
}

/** Whoever is not root holds none, and may get those of the bounding set by a program that gives them. */
function grant(capabilities: readonly string[], { uid }: User): object {
  const held = uid === 0 ? capabilities : []
  return { bounding: capabilities, effective: held, permitted: held, inheritable: [], ambient: [] }
}

function etcMounts({ etc }: ContainerFiles): object[] {
  return Object.entries(etc).map(([target, source]) => mountOf({ kind: "bind", source, target }))
}

function mountOf(mount: Mount): object {
  if (mount.kind === "bind")
    return {
      destination: mount.target,
      type: "bind",
      source: mount.source,
      options: ["rbind", "rprivate", mount.readonly ? "ro" : "rw"],
    }
  const options = ["nosuid", "nodev", "mode=1777", ...(mount.options ?? [])]
  return {
    destination: mount.target,
    type: "tmpfs",
    source: "tmpfs",
    options: options.includes("exec") ? options.filter((option) => option !== "exec") : [...options, "noexec"],
  }
}
