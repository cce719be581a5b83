import { createHash, randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { hostname } from "node:os"
import { dirname } from "node:path"

const LENGTH = 12

/** A mount as proc_pid_mountinfo(5) has it: which folder of which file system is mounted where. */
interface Mounted {
  readonly root: string
  readonly target: string
  readonly source: string
  readonly options: string
}

/**
 * Letters and digits that identify this container: the same at every start, so that a runner that was killed takes its own place on GitHub's
 * list again, and no other container's. Host names do not distinguish containers that share the host's network.
 *
 * Engines mount /etc/hosts from a folder of the container (Docker, Podman) or of the pod (Kubernetes), and Kubernetes mounts the termination
 * log from a folder that has the container's name in it. Without those, the root file system is the container's own.
 *
 * @param mountInfo text of /proc/self/mountinfo
 */
export function containerIdentity(mountInfo = readMountInfo(), host = hostname()): string {
  const mounts = mountInfo.split("\n").flatMap(parseMount)
  const rootOf = (target: string): string | undefined => mounts.find((mount) => mount.target === target)?.root
  const hosts = rootOf("/etc/hosts")
  const log = rootOf("/dev/termination-log")
  const root = mounts.findLast(({ target }) => target === "/")
  const known =
    hosts !== undefined
      ? [hosts, log === undefined ? "" : dirname(log)]
      : root && [root.root, root.source, root.options.split(",").filter((option) => option.startsWith("upperdir="))]
  if (!known) return randomBytes(LENGTH / 2).toString("hex")
  return createHash("sha256")
    .update(JSON.stringify([host, known]))
    .digest("hex")
    .slice(0, LENGTH)
}

function readMountInfo(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8")
  } catch {
    return ""
  }
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue` */
function parseMount(line: string): Mounted[] {
  const [own = "", filesystem = ""] = line.split(" - ")
  const [, , , root, target] = own.split(" ")
  const [, source = "", options = ""] = filesystem.split(" ")
  return root === undefined || target === undefined ? [] : [{ root, target, source, options }]
}
