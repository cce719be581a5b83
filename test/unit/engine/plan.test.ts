import { expect, it } from "vitest"
import { plan, planLines, type PlanFacts } from "../../../src/engine/bare/plan.js"
import { StateFolder } from "../../../src/engine/bare/state-folder.js"

const instance = new StateFolder("/state").instance("default")
const BUILT: PlanFacts = {
  instance: Object.assign(instance, { binfmtRule: (uname: string) => `rule-${uname}` }),
  stateFolder: "/state",
  host: "linux/amd64",
  packages: [],
  missing: { binaries: false, emulator: false, bases: false, content: false },
  forwardingOn: true,
  binfmtMounted: true,
  registryPort: "5000",
}
const BARE: PlanFacts = {
  ...BUILT,
  packages: ["runc", "skopeo"],
  missing: { binaries: true, emulator: true, bases: true, content: true },
  forwardingOn: false,
  binfmtMounted: false,
}

it("of a bare host lists every change, what is made, disk and minutes", () => {
  expect(planLines(plan(BARE), BARE).join("\n").replaceAll(instance.id, "ID")).toMatchInlineSnapshot(`
    "engine instance default, kept in /state
    on this host, until runner-images engine down:
      - installs packages, which stay: runc skopeo
      - sets net.ipv4.ip_forward to 1
      - mounts binfmt_misc
      - adds the binfmt_misc rule rule-aarch64
      - adds the network interface ri-ID, whose other end is in a network namespace
      - adds three firewall rules with the comment "runner-images instance default ID"
      - listens on 127.0.0.1:5000 (registry) and /run/runner-images/ID/engine.sock (engine)
    makes:
      - the engine, its CLI and its helpers, built from Go modules
      - QEMU for linux/arm64
      - base images from the distribution's package archive
      - the contents of the Go and TypeScript SDKs
    needs 12.0 GB of free disk and about 9 minutes"
  `)
})

it("of a built instance lists only what starting it changes", () => {
  expect(planLines(plan(BUILT), BUILT).join("\n").replaceAll(instance.id, "ID")).toMatchInlineSnapshot(`
    "engine instance default, kept in /state
    on this host, until runner-images engine down:
      - adds the binfmt_misc rule rule-aarch64
      - adds the network interface ri-ID, whose other end is in a network namespace
      - adds three firewall rules with the comment "runner-images instance default ID"
      - listens on 127.0.0.1:5000 (registry) and /run/runner-images/ID/engine.sock (engine)
    needs 9.0 GB of free disk and less than a minute"
  `)
})

it("costs less for every part that is there", () => {
  const some = plan({ ...BARE, missing: { ...BARE.missing, binaries: false } })
  expect(some.minutes).toBeLessThan(plan(BARE).minutes)
  expect(some.diskBytes).toBeLessThan(plan(BARE).diskBytes)
  expect(plan(BUILT).minutes).toBeLessThan(1)
})
