import { createHash, randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { dirname } from "node:path"
import { parseMounts, readMountInfo } from "../../files/mounts.js"

const LENGTH = 12

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
  const mounts = parseMounts(mountInfo)
  const rootOf = (target: string): string | undefined => mounts.find((mount) => mount.target === target)?.root
  const hosts = rootOf("/etc/hosts")
  const log = rootOf("/dev/termination-log")
  const root = mounts.findLast(({ target }) => target === "/")
  const known =
    hosts !== undefined
      ? [hosts, log === undefined ? "" : dirname(log)]
      : root && [root.root, root.source, root.options.filter((option) => option.startsWith("upperdir="))]
  if (!known) return randomBytes(LENGTH / 2).toString("hex")
  return createHash("sha256")
    .update(JSON.stringify([host, known]))
    .digest("hex")
    .slice(0, LENGTH)
}
