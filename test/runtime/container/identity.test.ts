import { describe, expect, it } from "vitest"
import { containerIdentity } from "../../../docker/runtime/src/container/accounts/identity.js"

const id = (letter: string): string => letter.repeat(64)

const docker = (container: string): string =>
  `631 520 0:55 / / rw,relatime master:200 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir=/var/lib/docker/overlay2/${container}/diff,workdir=/var/lib/docker/overlay2/${container}/work
640 631 254:1 /var/lib/docker/containers/${container}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw
642 631 254:1 /var/lib/docker/containers/${container}/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw
`
const podman = (container: string): string =>
  `700 600 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containers/storage/overlay/l/X,upperdir=/var/lib/containers/storage/overlay/${container}/diff
710 700 0:25 /containers/storage/overlay-containers/${container}/userdata/hosts /etc/hosts rw,nosuid,nodev,relatime - tmpfs tmpfs rw,mode=755
`
/** The termination log's name is another one each time a container of a pod is started. */
const kubernetes = (pod: string, container: string, start: string): string =>
  `900 800 0:80 / / rw,relatime - overlay overlay rw,upperdir=/var/lib/containerd/snapshots/${start}/fs
910 900 254:1 /var/lib/kubelet/pods/${pod}/etc-hosts /etc/hosts rw,relatime - ext4 /dev/root rw
911 900 254:1 /var/lib/kubelet/pods/${pod}/containers/${container}/${start} /dev/termination-log rw,relatime - ext4 /dev/root rw
`
const runc = (container: string): string =>
  `300 200 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/images/one,upperdir=/containers/${container}/upper,workdir=/containers/${container}/work
`
const bundle = (container: string): string =>
  `300 200 254:1 /bundles/${container}/rootfs / rw,relatime - ext4 /dev/root rw\n`

describe("a container's identity", () => {
  it.each<[string, (container: string) => string]>([
    ["Docker", docker],
    ["Podman", podman],
    ["Kubernetes", (pod) => kubernetes(pod, "runner", "1")],
    ["an overlay, as runc has it", runc],
    ["a folder, as runc has it", bundle],
  ])("%s: the same at each start, and no other container's, also of the same host name", (_, mounts) => {
    const one = containerIdentity(mounts(id("a")), "host")
    expect(one).toMatch(/^[0-9a-f]{12}$/)
    expect(containerIdentity(mounts(id("a")), "host")).toBe(one)
    expect(containerIdentity(mounts(id("b")), "host")).not.toBe(one)
    expect(containerIdentity(mounts(id("a")), "another")).not.toBe(one)
  })

  it("two containers of a pod differ, and a container that is started again does not", () => {
    const [one, again, other] = [
      kubernetes("pod", "runner", "11111111"),
      kubernetes("pod", "runner", "22222222"),
      kubernetes("pod", "second", "33333333"),
    ].map((mounts) => containerIdentity(mounts, "pod"))
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it("without anything to tell by it is another one each time", () => {
    expect(containerIdentity("", "host")).toMatch(/^[0-9a-f]{12}$/)
    expect(containerIdentity("", "host")).not.toBe(containerIdentity("", "host"))
    expect(containerIdentity("damaged\n1 2\n", "host")).not.toBe(containerIdentity("damaged\n1 2\n", "host"))
  })

  it("is read here as well", () => {
    expect(containerIdentity()).toBe(containerIdentity())
  })
})
