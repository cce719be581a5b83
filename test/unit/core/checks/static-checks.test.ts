import { describe, expect, it } from "vitest"
import type { CheckContext } from "../../../../dagger/src/core/checks/check.js"
import { KNOWN_FINDINGS, knownFindings, type KnownFinding } from "../../../../dagger/src/core/checks/known-findings.js"
import { labelsOf } from "../../../../dagger/src/core/plan/labels.js"
import { setupInfoText } from "../../../../dagger/src/core/plan/setup-info.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { RootfsScan } from "../../../../dagger/src/core/checks/rootfs-scan.js"
import { ENTRYPOINT, LOADER } from "../../../../dagger/src/core/variants/runtime-files.js"
import {
  fileChecks,
  pathsToKnow,
  staticChecks,
  type CheckedConfig,
} from "../../../../dagger/src/core/checks/static-checks.js"
import { sourcePlaces } from "../../../../dagger/src/core/checks/tool-sources.js"
import { PROJECT_VERSION } from "../../../../dagger/src/core/version.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"

const request: BuildRequest = {
  platforms: ["linux/arm64"],
  variants: ["standard"],
  sources: "registry",
  sudo: false,
  refresh: false,
}
const plan = planVariant("standard", request, { mode: "registry", reason: "test" })
const context: CheckContext = {
  platform: "linux/arm64",
  emulated: false,
  plan,
  tools: [
    { name: "node", version: "24.1.0", source: "npm:node" },
    { name: "runner", version: "1", source: "go:example.org/act@v1" },
  ],
  packages: [
    { name: "git", version: "1:2.47.3-0+deb13u1" },
    ...plan.platforms.flatMap(({ packages }) => packages.map((name) => ({ name, version: "1" }))),
  ],
}
const labels = labelsOf(plan, { created: "2026-01-01T00:00:00Z", base: "debian@sha256:0", runnerVersion: "1" })
const config: CheckedConfig = {
  user: "1001",
  workdir: "/home/runner",
  entrypoint: ENTRYPOINT,
  environment: plan.environment,
  labels,
  setupInfo: setupInfoText(plan, "linux/arm64", {
    version: PROJECT_VERSION,
    created: "2026-01-01T00:00:00Z",
    runnerVersion: "1",
  }),
}
const folder = { type: "folder" as const, mode: "755", owner: "0:0" }
const program = { type: "file" as const, mode: "755", owner: "0:0" }
const agents = { type: "folder" as const, mode: "700", owner: "1002:1002" }
const loader = { type: "file" as const, mode: "711", owner: "0:0", sha256: "aa" }
const clean: RootfsScan = {
  files: 2,
  programs: 2,
  foreignArchitecture: [],
  damaged: [],
  missing: [],
  setuid: ["/usr/bin/su 4755"],
  capabilities: [],
  special: [],
  writable: ["/tmp 1777"],
  leftovers: [],
  secrets: [],
  identities: [],
  top: ["/bin", "/bin.usr-is-merged", "/home", "/opt", "/tmp", "/usr"],
  packaged: {},
  npm: [],
  paths: {
    ...Object.fromEntries(
      pathsToKnow(config)
        .filter((path) => !sourcePlaces().includes(path) || path.startsWith("/home/runner/"))
        .map((path) => [path, /\/bin\/|\.sh$|\/env$/.test(path) ? program : folder]),
    ),
    "/home/runner": { type: "folder", mode: "755", owner: "1001:1001" },
    "/var/lib/runner-broker": agents,
    "/run/runner-broker": agents,
    [LOADER.of]: { ...program, interpreter: { path: "/lib/ld.so.1", sha256: "aa" } },
    [LOADER.path]: loader,
  },
}

const failed = (scan: Partial<RootfsScan>, changed: Partial<CheckedConfig> = {}) =>
  staticChecks(context, { ...clean, ...scan }, { ...config, ...changed }, ENTRYPOINT)
    .filter(({ status }) => status !== "passed")
    .map(({ name, status, actual, reason }) => `${status} ${name}: ${actual ?? reason ?? ""}`)

describe("the static checks", () => {
  it("pass on a clean image", () => {
    expect(failed({})).toEqual([])
    const names = staticChecks(context, clean, config, ENTRYPOINT).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each<[string, Partial<RootfsScan>, string]>([
    [
      "a program of another machine",
      { foreignArchitecture: [{ path: "/usr/local/bin/seeded", kind: "64/62" }] },
      "failed elf/machine: /usr/local/bin/seeded is 64/62",
    ],
    ["no program at all", { programs: 0 }, "failed elf/machine: no ELF files for 64/183"],
    [
      "a program that is cut off",
      { damaged: [{ path: "/usr/bin/a", reason: "is cut off" }] },
      "failed elf/whole: /usr/bin/a is cut off",
    ],
    [
      "a library that is missing",
      { missing: [{ path: "/usr/bin/a", needs: "libx.so.1" }] },
      "failed elf/libraries: /usr/bin/a needs libx.so.1",
    ],
    ["an unknown setuid program", { setuid: ["/usr/bin/nmap 4755"] }, "failed files/setuid: /usr/bin/nmap 4755"],
    ["a known one that may do more", { setuid: ["/usr/bin/chage 4755"] }, "failed files/setuid: /usr/bin/chage 4755"],
    ["sudo, which was not asked for", { setuid: ["/usr/bin/sudo 4755"] }, "failed files/setuid: /usr/bin/sudo 4755"],
    ["an unknown setgid folder", { setuid: ["/opt/a 2755"] }, "failed files/setuid: /opt/a 2755"],
    ["a device", { special: ["/opt/a block device"] }, "failed files/special: /opt/a block device"],
    [
      "a program with capabilities",
      { capabilities: ["/usr/bin/dumpcap"] },
      "failed files/capabilities: /usr/bin/dumpcap",
    ],
    ["a file that everybody may write", { writable: ["/opt/a 666"] }, "failed files/writable: /opt/a 666"],
    ["/tmp without its sticky bit", { writable: ["/tmp 777"] }, "failed files/writable: /tmp 777"],
    ["a leftover", { leftovers: ["/var/log/a"] }, "failed files/leftovers: /var/log/a"],
    ["a folder of the build", { top: ["/usr", "/debs"] }, "failed files/build-paths: /debs"],
    [
      "a folder of the build beside the files of eStargz layers",
      { top: ["/usr", "/.no.prefetch.landmark", "/.prefetch.landmark", "/stargz.index.json", "/plan"] },
      "failed files/build-paths: /plan",
    ],
    ["a secret", { secrets: ["/root/.npmrc: credentials"] }, "failed files/secrets: /root/.npmrc: credentials"],
    [
      "an identity",
      { identities: [{ path: "/srv/data/global/pg_control", kind: "PostgreSQL cluster" }] },
      "failed files/identities: /srv/data/global/pg_control (PostgreSQL cluster)",
    ],
    [
      "a folder of PATH that is missing",
      { paths: { ...clean.paths, "/usr/local/sbin": null } },
      "failed config/path: /usr/local/sbin",
    ],
    [
      "a home that is root's",
      { paths: { ...clean.paths, "/home/runner": folder } },
      "failed config/home: folder of 0:0",
    ],
    ["no home", { paths: { ...clean.paths, "/home/runner": null } }, "failed config/home: missing"],
    ["no init", { paths: { ...clean.paths, "/usr/bin/tini": null } }, "failed config/init: /usr/bin/tini"],
    [
      "a start script that is no program",
      { paths: { ...clean.paths, "/entrypoint.sh": { ...program, mode: "644" } } },
      "failed config/init: /entrypoint.sh",
    ],
    ...(
      [
        [
          "a folder of the broker's that is missing",
          { "/run/runner-broker": null },
          "agent",
          "/run/runner-broker: missing",
        ],
        [
          "one that others may look into",
          { "/var/lib/runner-broker": { ...agents, mode: "755" } },
          "agent",
          "/var/lib/runner-broker: folder of 1002:1002, mode 755",
        ],
        [
          "one that is the runner's",
          { "/run/runner-broker": { ...agents, owner: "1001:1001" } },
          "agent",
          "/run/runner-broker: folder of 1001:1001, mode 700",
        ],
        [
          "a loader that users may read",
          { [LOADER.path]: { ...loader, mode: "755" } },
          "loader",
          "file of 0:0, mode 755, sha256 aa",
        ],
        [
          "a loader of a user's",
          { [LOADER.path]: { ...loader, owner: "1001:1001" } },
          "loader",
          "file of 1001:1001, mode 711, sha256 aa",
        ],
        [
          "another loader than Node.js names",
          { [LOADER.path]: { ...loader, sha256: "bb" } },
          "loader",
          "file of 0:0, mode 711, sha256 bb",
        ],
        ["a Node.js that names none", { [LOADER.of]: program }, "loader", "file of 0:0, mode 711, sha256 aa"],
      ] as const
    ).map(([what, paths, check, found]): [string, Partial<RootfsScan>, string] => [
      what,
      { paths: { ...clean.paths, ...paths } },
      `failed config/${check}: ${found}`,
    ]),
  ])("name %s", (_, scan, expected) => {
    expect(failed(scan)).toEqual([expected])
  })

  it.each<[string, Partial<CheckedConfig>, string]>([
    ["a user by name", { user: "runner" }, "failed config/user: runner"],
    ["another workdir", { workdir: "/" }, "failed config/workdir: /"],
    ["another entrypoint", { entrypoint: ["/usr/bin/tini"] }, "failed config/entrypoint: /usr/bin/tini"],
    [
      "a variable that holds a secret, without its value",
      { environment: { ...plan.environment, GH_TOKEN: "hidden" } },
      "failed config/secrets: GH_TOKEN",
    ],
    [
      "a label that is missing",
      { labels: { ...config.labels, "com.github.runner.type": "" } },
      "failed config/labels: com.github.runner.type",
    ],
    [
      "the label of another runner",
      { labels: { ...config.labels, "com.github.runner.kind": "official" } },
      "failed config/runner: official 1",
    ],
    ["an image that does not say what it is", { setupInfo: undefined }, "failed config/setup-info: missing"],
    [
      "an image that says another time than its labels",
      { setupInfo: "[]\n", labels: { ...config.labels, "org.opencontainers.image.created": "2026-01-02T00:00:00Z" } },
      "failed config/setup-info: []\n",
    ],
  ])("name %s", (_, changed, expected) => {
    expect(failed({}, changed)).toEqual([expected])
  })

  it("name a loader that is missing as what start-up needs, too", () => {
    expect(failed({ paths: { ...clean.paths, [LOADER.path]: null } })).toEqual([
      "failed config/loader: missing",
      `failed config/init: ${LOADER.path}`,
    ])
  })

  it("say what to do about an identity", () => {
    const identities = [{ path: "/srv/data/global/pg_control", kind: "PostgreSQL cluster" }]
    const found = staticChecks(context, { ...clean, identities }, config, ENTRYPOINT)
    expect(found.find(({ status }) => status === "failed")?.reason).toBe(
      "leave its package out and run it as a service container, or create it when a job starts",
    )
  })

  it("suppress a folder of PATH that jobs make", () => {
    const environment = {
      ...plan.environment,
      PATH: `${plan.environment.PATH ?? ""}:/home/runner/go/bin:/root/.local/bin`,
    }
    const names = staticChecks(context, clean, { ...config, environment }, ENTRYPOINT)
    expect(names.find(({ name }) => name === "config/path")?.status).toBe("passed")
  })

  it("name a variable that differs", () => {
    const environment = { ...plan.environment, LANG: "C" }
    expect(failed({}, { environment })).toEqual([expect.stringMatching(/^failed config\/environment: PATH=.* LANG=C /)])
  })

  it("name ten findings, say how many more there are, and have all for the report", () => {
    const leftovers = Array.from({ length: 12 }, (_, index) => `/tmp/${String(index)}`)
    const found = fileChecks(context, { ...clean, leftovers }, [])
    expect(found.find(({ name }) => name === "files/leftovers")?.findings).toEqual(leftovers)
    expect(failed({ leftovers })).toEqual([
      "failed files/leftovers: /tmp/0, /tmp/1, /tmp/2, /tmp/3, /tmp/4, /tmp/5, /tmp/6, /tmp/7, /tmp/8, /tmp/9, and 2 more",
    ])
  })

  it("say so when capabilities cannot be read", () => {
    const { capabilities, ...scan } = clean
    expect(capabilities).toEqual([])
    const found = staticChecks(context, scan, config, ENTRYPOINT).filter(({ status }) => status !== "passed")
    expect(found.map(({ name, status }) => `${status} ${name}`)).toEqual(["skipped files/capabilities"])
  })
})

describe("known findings", () => {
  const entry: KnownFinding = {
    check: "elf/libraries",
    finding: /^\/usr\/lib\/git\/plugin\.so needs liboptional\.so$/,
    from: { package: "git" },
    reason: "an example",
  }
  const missing = (...needs: string[]) => ({
    ...clean,
    missing: needs.map((library) => ({ path: "/usr/lib/git/plugin.so", needs: library })),
  })
  const failures = (scan: RootfsScan, known: readonly KnownFinding[]) =>
    fileChecks(context, scan, known)
      .filter(({ status }) => status === "failed")
      .map(({ name, actual }) => `${name}: ${actual ?? ""}`)

  it("are suppressed, and nothing beside them", () => {
    expect(failures(missing("liboptional.so"), [entry])).toEqual([])
    expect(failures(missing("liboptional.so", "libother.so"), [entry])).toEqual([
      "elf/libraries: /usr/lib/git/plugin.so needs libother.so",
    ])
    expect(failures(missing("liboptional.so"), [{ ...entry, check: "elf/machine", varies: "an example" }])).toEqual([
      "elf/libraries: /usr/lib/git/plugin.so needs liboptional.so",
    ])
  })

  it("that suppress nothing fail, unless they say why they may", () => {
    expect(failures(clean, [entry])).toEqual([`files/known-findings: elf/libraries ${entry.finding.source}`])
    expect(failures(clean, [{ ...entry, varies: "an example" }])).toEqual([])
  })

  it("count where that is which brings them", () => {
    const among = (from: KnownFinding["from"]) => knownFindings(context, [{ ...entry, from }]).length
    expect(
      [{ package: "git" }, { package: "svn" }, { tool: "node" }, { tool: "rust" }].map((from) => among(from as never)),
    ).toEqual([1, 0, 1, 0])
    expect([among({ runner: "act" }), among({ runner: "official" })]).toEqual([1, 0])
  })

  it("all have a reason", () => {
    expect(KNOWN_FINDINGS.filter(({ reason }) => reason.length < 20)).toEqual([])
  })
})
