import { describe, expect, it } from "vitest"
import type { UnpackedImage } from "../../lifecycle/oci-image.js"
import { type ContainerOptions, resolveUser, runtimeSpec } from "../../lifecycle/runtime-spec.js"

const PASSWD = "root:x:0:0:root:/root:/bin/bash\nrunner:x:1001:1001::/home/runner:/bin/bash\n"
const GROUP = "root:x:0:\ndocker:x:123:other,runner\nrunner:x:1001:\n"

describe("users, as docker run --user has them", () => {
  it.each([
    ["1001", { uid: 1001, gid: 1001, groups: [123], home: "/home/runner" }],
    ["runner", { uid: 1001, gid: 1001, groups: [123], home: "/home/runner" }],
    ["0", { uid: 0, gid: 0, groups: [], home: "/root" }],
    ["1001:0", { uid: 1001, gid: 0, groups: [], home: "/home/runner" }],
    ["1000660000:0", { uid: 1000660000, gid: 0, groups: [], home: "/" }],
    ["4711", { uid: 4711, gid: 0, groups: [], home: "/" }],
  ])("%s", (given, user) => {
    expect(resolveUser(given, { passwd: PASSWD, group: GROUP })).toEqual(user)
  })
})

const IMAGE: UnpackedImage = {
  platform: "linux/amd64",
  digest: "sha256:0",
  rootfs: "/image",
  spec: {
    ociVersion: "1.0.0",
    process: { terminal: true },
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: { namespaces: [{ type: "pid" }, { type: "network" }], maskedPaths: ["/proc/kcore"] },
  },
  user: "1001",
  workdir: "/home/runner",
  entrypoint: ["/entrypoint.sh"],
  defaultArguments: ["run"],
  labels: {},
  environment: ["PATH=/bin", "LANG=C.UTF-8"],
  stopSignal: "SIGTERM",
  health: { command: ["true"], times: { interval: 1, timeout: 1, startPeriod: 1, retries: 1 } },
}

function spec(user: string, options: ContainerOptions): object {
  const files = { id: "box", root: "/box", etc: {} }
  return runtimeSpec(IMAGE, resolveUser(user, { passwd: PASSWD, group: GROUP }), files, options)
}

describe("runc's configuration", () => {
  it("keeps what umoci made, and is as Docker would have it, with the host's network", () => {
    expect(spec("1001", { environment: { LANG: "C", OWN: "1" } })).toMatchInlineSnapshot(`
      {
        "hostname": "box",
        "linux": {
          "cgroupsPath": "/runner-images-lifecycle-box",
          "maskedPaths": [
            "/proc/kcore",
          ],
          "namespaces": [
            {
              "type": "pid",
            },
          ],
          "resources": {
            "devices": [
              {
                "access": "rwm",
                "allow": false,
              },
            ],
          },
        },
        "mounts": [
          {
            "destination": "/proc",
            "source": "proc",
            "type": "proc",
          },
        ],
        "ociVersion": "1.0.0",
        "process": {
          "args": [
            "/entrypoint.sh",
            "run",
          ],
          "capabilities": {
            "ambient": [],
            "bounding": [
              "CAP_CHOWN",
              "CAP_DAC_OVERRIDE",
              "CAP_FSETID",
              "CAP_FOWNER",
              "CAP_MKNOD",
              "CAP_NET_RAW",
              "CAP_SETGID",
              "CAP_SETUID",
              "CAP_SETFCAP",
              "CAP_SETPCAP",
              "CAP_NET_BIND_SERVICE",
              "CAP_SYS_CHROOT",
              "CAP_KILL",
              "CAP_AUDIT_WRITE",
            ],
            "effective": [],
            "inheritable": [],
            "permitted": [],
          },
          "cwd": "/home/runner",
          "env": [
            "HOSTNAME=box",
            "HOME=/home/runner",
            "PATH=/bin",
            "LANG=C",
            "OWN=1",
          ],
          "noNewPrivileges": false,
          "rlimits": [],
          "terminal": false,
          "user": {
            "additionalGids": [
              123,
            ],
            "gid": 1001,
            "uid": 1001,
          },
        },
        "root": {
          "path": "/box",
          "readonly": false,
        },
      }
    `)
  })

  it("restricts a container as it is asked to", () => {
    const options: ContainerOptions = {
      entrypoint: ["/bin/sh"],
      readOnly: true,
      capabilities: ["CAP_CHOWN"],
      noNewPrivileges: true,
      memory: 1024,
      addGroups: [42],
      mounts: [
        { kind: "tmpfs", target: "/tmp" },
        { kind: "tmpfs", target: "/run", options: ["exec"] },
        { kind: "bind", source: "/secret", target: "/run/secrets/it", readonly: true },
      ],
    }
    expect(spec("0", options)).toMatchObject({
      root: { readonly: true },
      process: {
        args: ["/bin/sh"],
        user: { uid: 0, additionalGids: [42] },
        noNewPrivileges: true,
        capabilities: { bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"] },
      },
      mounts: [
        { destination: "/proc" },
        { destination: "/tmp", type: "tmpfs", options: ["nosuid", "nodev", "mode=1777", "noexec"] },
        { destination: "/run", type: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
        { destination: "/run/secrets/it", source: "/secret", options: ["rbind", "rprivate", "ro"] },
      ],
      linux: { resources: { memory: { limit: 1024 } } },
    })
  })
})
