import { expect, it } from "vitest"
import { plan, planLines, type PlanFacts } from "../../../src/engine/bare/plan.js"
import { StateFolder } from "../../../src/engine/bare/state/state-folder.js"

const instance = new StateFolder("/state").instance("default")
const BUILT: PlanFacts = {
  instance: Object.assign(instance, { binfmtRule: (uname: string) => `rule-${uname}` }),
  stateFolder: "/state",
  host: "linux/amd64",
  packages: [],
  missing: { binaries: false, emulator: false, bases: false, content: false },
  forwarding: { closed: [], guarded: [] },
  binfmtMounted: true,
  registryPort: "5000",
}
const BARE: PlanFacts = {
  ...BUILT,
  packages: ["runc", "skopeo"],
  missing: { binaries: true, emulator: true, bases: true, content: true },
  forwarding: { closed: ["eth0"], guarded: ["eth0"] },
  binfmtMounted: false,
}

it("of a bare host lists every change, what is made, disk and minutes", () => {
  expect(planLines(plan(BARE), BARE).join("\n").replaceAll(instance.id, "ID")).toMatchInlineSnapshot(`
    "engine instance default, kept in /state
    on this host, until runner-images engine down:
      - installs packages, which stay: runc skopeo
      - sets net.ipv4.conf.eth0.forwarding to 1, for this interface only; packets that arrive there are forwarded only if they answer a container
      - mounts binfmt_misc
      - adds the binfmt_misc rule rule-aarch64
      - adds the network interface ri-ID, with forwarding on and its other end in a network namespace
      - adds 5 firewall rules with the comment "runner-images instance default ID"
      - listens on 127.0.0.1:5000 (registry, with a password that only root can read) and /run/runner-images/ID/engine.sock (engine)
    builds in its state folder:
      - the engine, its CLI and its helpers, built from Go modules
      - QEMU for linux/arm64
      - base images from the distribution's package archive
      - the contents of the Go and TypeScript SDKs
    needs 11.4 GB of free disk space and about 6 minutes"
  `)
})

it("of a built instance lists only what starting it changes", () => {
  expect(planLines(plan(BUILT), BUILT).join("\n").replaceAll(instance.id, "ID")).toMatchInlineSnapshot(`
    "engine instance default, kept in /state
    on this host, until runner-images engine down:
      - adds the binfmt_misc rule rule-aarch64
      - adds the network interface ri-ID, with forwarding on and its other end in a network namespace
      - adds 4 firewall rules with the comment "runner-images instance default ID"
      - listens on 127.0.0.1:5000 (registry, with a password that only root can read) and /run/runner-images/ID/engine.sock (engine)
    needs 9.0 GB of free disk space and less than a minute"
  `)
})

it("costs less for every part that is there", () => {
  const some = plan({ ...BARE, missing: { ...BARE.missing, binaries: false } })
  expect(some.minutes).toBeLessThan(plan(BARE).minutes)
  expect(some.diskBytes).toBeLessThan(plan(BARE).diskBytes)
  expect(plan(BUILT).minutes).toBeLessThan(1)
})
