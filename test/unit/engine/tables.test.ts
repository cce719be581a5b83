import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { spelling } from "../../../dagger/src/core/platforms.js"
import { sourcesFromHost } from "../../../src/engine/bare/artefacts/archive.js"
import { newestDate } from "../../../src/engine/bare/artefacts/package-archive.js"
import { binfmtRule, removeAbandonedRules } from "../../../src/engine/bare/host/binfmt.js"
import { engineToml, mirrorPort, registryConfig } from "../../../src/engine/bare/instance/config.js"
import { instanceRules, isEmptyTable, sectionOf } from "../../../src/engine/bare/host/firewall.js"
import { isOlder, parseGoVersion } from "../../../src/engine/bare/artefacts/go-toolchain.js"
import { imageConfig } from "../../../src/engine/bare/artefacts/oci-layout.js"
import { missingPackages } from "../../../src/engine/bare/artefacts/host-packages.js"
import { resumeLine } from "../../../src/engine/bare/plan.js"
import { explain, STARTING } from "../../../src/engine/bare/phase.js"
import { lastLines } from "../../../src/host/exec.js"
import { StateFolder } from "../../../src/engine/bare/state/state-folder.js"
import { temporaryFolder } from "../temporary-folder.js"

it("writes the kernel's rule for programs of a foreign machine", () => {
  expect(binfmtRule("rule", spelling("linux/arm64"), "/qemu")).toBe(
    String.raw`:rule:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/qemu:POCF`,
  )
  expect(binfmtRule("rule", spelling("linux/amd64"), "/qemu")).toContain(String.raw`\x02\x00\x3e\x00:`)
})

it.each([
  ["go version go1.26.8 linux/arm64", [1, 26, 8]],
  ["go version go1.21 linux/arm64", [1, 21, 0]],
  ["bash: go: command not found", undefined],
])("%s is Go %o", (text, version) => {
  expect(parseGoVersion(text)).toEqual(version)
})

it.each([
  [[1, 19, 8], [1, 21], true],
  [[1, 21, 0], [1, 21], false],
  [[1, 9], [1, 21], true],
  [[2, 0], [1, 21], false],
])("%o is older than %o: %s", (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected)
})

it("asks for the packages whose programs are not there", () => {
  expect(missingPackages(() => true)).toEqual([])
  expect(missingPackages((shownBy) => shownBy !== "dnsmasq" && !shownBy.endsWith("/bridge"))).toEqual([
    "dnsmasq-base",
    "containernetworking-plugins",
  ])
})

it("makes the suite's sources after the host's own mirrors", () => {
  const targets = [
    "http://mirror.example/debian/ bookworm main Debian",
    "http://mirror.example/debian/ bookworm-updates main Debian",
    "http://security.example/debian-security/ bookworm-security main Debian",
    "http://other.example/ nodistro main Other",
  ]
  expect(sourcesFromHost(targets, "bookworm", "trixie")).toEqual([
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie main",
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie-updates main",
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://security.example/debian-security trixie-security main",
  ])
})

it.each([
  ["without security updates", ["http://mirror.example/debian/ bookworm main Debian"], "bookworm"],
  [
    "from a disc",
    ["cdrom:[Debian]/ bookworm main Debian", "http://s.example/ bookworm-security main Debian"],
    "bookworm",
  ],
  ["without a code name", ["http://mirror.example/debian/  main Debian"], ""],
])("takes the distribution's own mirrors on a host %s", (_case, targets, codename) => {
  expect(sourcesFromHost(targets, codename, "trixie")).toEqual([
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main",
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie-updates main",
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://security.debian.org/debian-security trixie-security main",
  ])
})

it("dates images by the newest Release file", () => {
  const dates = "Date: Sun, 22 Nov 2026 02:09:05 UTC\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n"
  expect(newestDate(dates).toISOString()).toBe("2026-11-22T02:09:05.000Z")
  expect(() => newestDate("")).toThrow("have no date")
})

it("gives both architectures' images one configuration", () => {
  const one = imageConfig("amd64", "2026-11-22T02:09:05Z", "sha256:a")
  const other = imageConfig("arm64", "2026-11-22T02:09:05Z", "sha256:a")
  expect({ ...one, architecture: "" }).toEqual({ ...other, architecture: "" })
})

it("points the engine at the mirror that has the base images, and at the users' registry", () => {
  const folder = new StateFolder("/state").instance("default")
  const settings = { registryPort: 5055, binaries: "/b", resolvConf: "" }
  expect(engineToml(folder, settings).replaceAll(folder.id, "ID")).toMatchInlineSnapshot(`
    "insecure-entitlements = [ "security.insecure" ]

    [worker.oci]
    cniBinaryPath = "/state/instances/default/config/cni"
    defaultCgroupParent = "runner-images-ID"

    [registry."docker.io"]
    mirrors = [ "127.0.0.1:5056" ]

    [registry."127.0.0.1:5056"]
    http = true

    [registry."127.0.0.1:5055"]
    http = true

    [registry."localhost:5055"]
    http = true
    "
  `)
})

it("has registries that take no writes, and one that wants a password for everything", () => {
  expect(JSON.parse(registryConfig(5055, "/r"))).toMatchObject({
    storage: { maintenance: { readonly: { enabled: true } } },
    http: { addr: "127.0.0.1:5055" },
  })
  expect(registryConfig(5055, "/r")).not.toContain("auth")
  expect(JSON.parse(registryConfig(5055, "/r", "/users"))).toMatchObject({
    auth: { htpasswd: { path: "/users" } },
    http: { addr: "127.0.0.1:5055" },
  })
  expect(registryConfig(5055, "/r", "/users")).not.toContain("readonly")
})

it.each([5000, 65534, 65535])("serves base images on another port than %i", (port) => {
  expect(mirrorPort(port)).not.toBe(port)
  expect(mirrorPort(port)).toBeLessThanOrEqual(65535)
})

it("lets answers in before it drops the rest, and nothing from one instance to another", () => {
  const folder = new StateFolder("/state").instance("default")
  const rules = instanceRules(folder, "10.86.1.4/30", ["eth0"]).map(({ table, chain, rule }) =>
    [table, chain, ...rule].join(" ").replaceAll(folder.comment, "NAME").replaceAll(folder.hostInterface, "ri-ID"),
  )
  expect(rules).toMatchInlineSnapshot(`
    [
      "nat POSTROUTING -s 10.86.1.4/30 ! -o ri-ID -m comment --comment NAME -j MASQUERADE",
      "filter FORWARD -o ri-ID -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment NAME -j ACCEPT",
      "filter FORWARD -o ri-ID -m comment --comment NAME -j DROP",
      "filter FORWARD -i ri-ID ! -o ri-+ -m comment --comment NAME -j ACCEPT",
      "filter FORWARD -i eth0 ! -o ri-+ -m comment --comment NAME -j DROP",
    ]
  `)
})

it.each([
  ["", true],
  ["*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [7:420]\nCOMMIT\n", true],
  ["*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", false],
  ["*nat\n:POSTROUTING ACCEPT [0:0]\n:CNI-abc - [0:0]\nCOMMIT\n", false],
  ["*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", false],
])("firewall table %o is empty: %s", (saved, expected) => {
  expect(isEmptyTable(saved)).toBe(expected)
})

it("finds one table among others", () => {
  const saved = "# made by\n*filter\n:FORWARD DROP [0:0]\nCOMMIT\n*nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n"
  expect(sectionOf(saved, "nat")).toBe("*nat\n:INPUT ACCEPT [0:0]\nCOMMIT")
  expect(sectionOf(saved, "raw")).toBe("")
})

it("takes a tool's own errors for its message, else the end of what it said", () => {
  const steps = Array.from({ length: 20 }, (_, index) => `step ${index}`)
  expect(lastLines([...steps.slice(0, 5), "E: Failed to fetch a", "", ...steps].join("\n"))).toBe(
    "E: Failed to fetch a",
  )
  expect(lastLines(steps.join("\n"))).toBe(steps.slice(-8).join("\n"))
})

it.each([
  ["E: Failed to fetch …  Temporary failure resolving 'mirror.example'", "ENGINE_NETWORK"],
  ['Get "https://proxy.example/m/@v/v1.zip": dial tcp: lookup proxy.example: no such host', "ENGINE_NETWORK"],
  ["write /state/x: no space left on device", "ENGINE_DISK"],
  ["E: Unable to locate package runc", "ENGINE_PHASE"],
])("explains %o as %s", (said, code) => {
  const error = explain(STARTING, "packages", new Error(said))
  expect(error.code).toBe(code)
  expect(error.problem).toBe(`Starting the engine failed in phase packages: ${said}`)
})

it("removes the rules of instances that do not live, and nobody else's", () => {
  const folder = temporaryFolder("rules")
  const names = [
    "register",
    "status",
    "qemu-aarch64",
    "runner-images-00000001-aarch64",
    "runner-images-00000002-aarch64",
  ]
  for (const name of names) writeFileSync(join(folder, name), "enabled")
  expect(removeAbandonedRules((id) => id === "00000001", folder)).toEqual(["runner-images-00000002-aarch64"])
  const written = names.filter((name) => readFileSync(join(folder, name), "utf8") === "-1")
  expect(written).toEqual(["runner-images-00000002-aarch64"])
  expect(removeAbandonedRules(() => false, join(folder, "missing"))).toEqual([])
})

it("says what it resumes", () => {
  const nothing = { binaries: false, emulator: false, bases: false, content: false }
  expect(resumeLine(0, { ...nothing, content: true })).toBe(
    "resuming a start that was interrupted; kept: the engine's programs, QEMU, base images; still to be made: the SDKs' contents",
  )
  expect(resumeLine(2, nothing)).toContain("interrupted; ended 2 processes of it; kept:")
})
