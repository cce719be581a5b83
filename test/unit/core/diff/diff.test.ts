import { describe, expect, it } from "vitest"
import { compareBuilds } from "../../../../dagger/src/core/diff/diff.js"
import { diffSchema, type Change } from "../../../../dagger/src/core/diff/schema.js"
import { build, CONFIG, digest, installed, layer, platform, sha256, type Changes } from "./builds.js"

const BOTH = ["linux/amd64", "linux/arm64"]
const node = (version: string, source: string, more = {}) => ({ name: "node", version, source, ...more })
const git = (version: string, digit = "a") => ({ name: "git", version, sha256: sha256(digit) })
const check = (status: "passed" | "failed" | "skipped", more = {}) => ({
  name: "elf/machine",
  proves: "every program is for this platform",
  status,
  ...more,
})

const GCC = { ...git("14"), name: "gcc-aarch64-linux-gnu" }

function changes(old: Changes, recent: Changes): Change[] {
  const diff = compareBuilds(build(old), build(recent))
  expect(diffSchema.parse(diff)).toEqual(diff)
  expect(diff.equal).toBe(diff.changes.length === 0)
  return diff.changes
}

/** One line for each change. */
function lines(old: Changes, recent: Changes): string[] {
  return changes(old, recent).map(({ area, name, aspect, kind, platforms, old: before, new: after }) => {
    const where = platforms === undefined ? "" : ` on ${platforms.join(" and ")}`
    return `${area} ${name}${aspect === undefined ? "" : `, ${aspect}`} ${kind}${where}: ${before ?? "none"} → ${after ?? "none"}`
  })
}

const everywhere = (line: string) => line.replace("*", BOTH.join(" and "))

describe("a difference is named, once for all platforms that have it:", () => {
  it.each<[string, Changes, Changes, string[]]>([
    ["another project version", {}, { report: { version: "0.2.0" } }, ["image project version changed: 0.1.0 → 0.2.0"]],
    ["another variant", {}, { report: { variant: "chrome" } }, ["image variant changed: standard → chrome"]],
    [
      "another day",
      {},
      { report: { created: "2026-01-03T03:04:05Z" } },
      ["image created changed: 2026-01-02T03:04:05Z → 2026-01-03T03:04:05Z"],
    ],
    [
      "another runner",
      {},
      { report: { runner: { kind: "official", version: "2.330.0" } } },
      ["image runner changed: act 0.13.0-act → official 2.330.0"],
    ],
    [
      "other sources",
      {},
      { report: { sources: { requested: "auto", tools: {} } } },
      ["image requested sources changed: registry → auto"],
    ],
    ["a root user", {}, { report: { root: true } }, ["image starts as root changed: no → yes"]],
    ["sudo", { report: { sudo: true } }, {}, ["image sudo changed: yes → no"]],
    [
      "what was asked for",
      { report: { request: { base: "debian:trixie-slim", compression: "gzip", source: { revision: "1" } } } },
      { report: { request: { base: "ubuntu:24.04", compression: "zstd", source: { revision: "2" }, cjkFonts: true } } },
      [
        "image CJK fonts changed: no → yes",
        "image compression changed: gzip → zstd",
        "image requested base changed: debian:trixie-slim → ubuntu:24.04",
        "image source revision changed: 1 → 2",
      ],
    ],
    [
      "a changed definition",
      { report: { request: { base: "b", compression: "gzip", definition: "one" } } },
      { report: { request: { base: "b", compression: "gzip", definition: "two" } } },
      [
        "image definition changed: sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed → sha256:3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
      ],
    ],
    ["other images", {}, { report: { index: digest("8") } }, [`image index changed: ${digest("0")} → ${digest("8")}`]],
    [
      "another manifest",
      {},
      { platform: { digest: digest("8") } },
      [
        `image manifest changed on linux/amd64: ${digest("1")} → ${digest("8")}`,
        `image manifest changed on linux/arm64: ${digest("2")} → ${digest("8")}`,
      ],
    ],
    [
      "a later base",
      {},
      { platform: { base: "debian@sha256:d" } },
      [everywhere(`image base changed on *: debian@${digest("b")} → debian@sha256:d`)],
    ],
    [
      "a later package archive",
      {},
      { report: { releases: [{ name: "deb.example_InRelease", sha256: sha256("d"), date: "2026-01-03" }] } },
      [
        "archive deb.example_InRelease added: none → 2026-01-03",
        "archive deb.example_debian_dists_trixie_InRelease removed: 2026-01-02T00:00:00Z → none",
      ],
    ],
    [
      "another archive of the same date",
      { report: { releases: [{ name: "InRelease", sha256: sha256("c"), date: "2026" }] } },
      { report: { releases: [{ name: "InRelease", sha256: sha256("d"), date: "2026" }] } },
      [`archive InRelease, checksum changed: ${sha256("c")} → ${sha256("d")}`],
    ],
    [
      "packages",
      { platform: { packages: [git("1"), { ...git("1"), name: "gone" }] } },
      { platform: { packages: [git("2", "b"), { ...git("1"), name: "added" }] } },
      [
        everywhere("package added added on *: none → 1"),
        everywhere("package git, version changed on *: 1 → 2"),
        everywhere("package gone removed on *: 1 → none"),
      ],
    ],
    [
      "a package of the same version, but not the same file",
      { platform: { packages: [git("1")] } },
      { platform: { packages: [git("1", "b")] } },
      [everywhere(`package git, checksum changed on *: ${sha256("a")} → ${sha256("b")}`)],
    ],
    [
      "a tool's version, and not its source, which only follows",
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0", { sha256: sha256("a") })] } },
      { platform: { tools: [node("24.2.0", "npm:node@24.2.0", { sha256: sha256("b") })] } },
      [everywhere("tool node, version changed on *: 24.1.0 → 24.2.0")],
    ],
    [
      "a tool's source",
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0")] } },
      { platform: { tools: [node("24.1.0", "https://nodejs.org/node-24.1.0.tar.gz", { sha256: sha256("a") })] } },
      [everywhere("tool node, source changed on *: npm:node@24.1.0 → https://nodejs.org/node-24.1.0.tar.gz")],
    ],
    [
      "a tool's file alone",
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0", { sha256: sha256("a") })] } },
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0", { sha256: sha256("b") })] } },
      [everywhere(`tool node, checksum changed on *: ${sha256("a")} → ${sha256("b")}`)],
    ],
    [
      "a tool's vulnerabilities",
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0", { vulnerabilities: ["CVE-2", "CVE-1"] })] } },
      { platform: { tools: [node("24.1.0", "npm:node@24.1.0")] } },
      [everywhere("tool node, vulnerabilities changed on *: CVE-1, CVE-2 → none")],
    ],
    [
      "another tool",
      {},
      { platform: { tools: [{ name: "go", version: "1.26.8", source: "go:golang.org/toolchain@v1" }] } },
      [
        everywhere("tool go added on *: none → 1.26.8 (go:golang.org/toolchain@v1)"),
        everywhere("tool node removed on *: 24.1.0 (npm:node-linux@24.1.0) → none"),
      ],
    ],
    [
      "the configuration",
      { config: { WorkingDir: "/home/runner", ExposedPorts: { "9091/tcp": {} }, Volumes: { "/data": {} } } },
      {
        config: {
          User: "0",
          Entrypoint: ["/bin/tini", "--"],
          Cmd: ["run"],
          WorkingDir: "/",
          ExposedPorts: { "9092/tcp": {}, "80/tcp": {} },
          StopSignal: "SIGINT",
          ArgsEscaped: true,
        },
      },
      [
        everywhere("configuration ArgsEscaped added on *: none → true"),
        everywhere('configuration default arguments added on *: none → ["run"]'),
        everywhere('configuration entrypoint changed on *: ["/entrypoint.sh"] → ["/bin/tini","--"]'),
        everywhere("configuration exposed ports changed on *: 9091/tcp → 80/tcp, 9092/tcp"),
        everywhere("configuration stop signal added on *: none → SIGINT"),
        everywhere("configuration user changed on *: 1001 → 0"),
        everywhere("configuration volumes removed on *: /data → none"),
        everywhere("configuration workdir changed on *: /home/runner → /"),
      ],
    ],
    [
      "the health check",
      {},
      { config: { Healthcheck: { Test: ["CMD", "/new"], Interval: 45_500_000_000, Timeout: 10_000_000_000 } } },
      [
        everywhere("configuration health check, interval changed on *: 30 s → 45.5 s"),
        everywhere("configuration health check, retries changed on *: 3 → none"),
        everywhere('configuration health check, test changed on *: ["CMD","/health"] → ["CMD","/new"]'),
        everywhere("configuration health check, timeout changed on *: none → 10 s"),
      ],
    ],
    [
      "no health check any more",
      {},
      { config: { Healthcheck: undefined } },
      [everywhere('configuration health check removed on *: ["CMD","/health"] → none')],
    ],
    [
      "the environment, in any order",
      { config: { Env: ["GONE=1", "LANG=C.UTF-8", "PATH=/usr/bin"] } },
      { config: { Env: ["PATH=/usr/bin:/opt=1", "LANG=C.UTF-8", "ADDED="] } },
      [
        everywhere("environment ADDED added on *: none → "),
        everywhere("environment GONE removed on *: 1 → none"),
        everywhere("environment PATH changed on *: /usr/bin → /usr/bin:/opt=1"),
      ],
    ],
    [
      "labels",
      {},
      { config: { Labels: { "org.opencontainers.image.title": "Runner", team: "ours" } } },
      [
        everywhere("label org.opencontainers.image.title changed on *: GitHub Actions runner → Runner"),
        everywhere("label team added on *: none → ours"),
      ],
    ],
    [
      "checks",
      { platform: { checks: [check("passed"), { ...check("passed"), name: "gone" }] } },
      {
        platform: {
          checks: [
            check("failed", { expected: "183", actual: "62 in /x", reason: "It would not start." }),
            { ...check("skipped", { reason: "no network" }), name: "added" },
          ],
        },
      },
      [
        everywhere("check added added on *: none → skipped: no network"),
        everywhere(
          "check elf/machine, status changed on *: passed → failed: expected 183, found 62 in /x (It would not start.)",
        ),
        everywhere("check gone removed on *: passed → none"),
      ],
    ],
    [
      "a platform that only one of them has",
      { platforms: ["linux/amd64"] },
      { platforms: ["linux/arm64"] },
      [`platform linux/amd64 removed: ${digest("1")} → none`, `platform linux/arm64 added: none → ${digest("2")}`],
    ],
  ])("%s", (_, old, recent, expected) => {
    expect(lines(old, recent)).toEqual(expected)
  })

  it("layers by name, with their sizes; the second of a name is not the first", () => {
    const [base, files, more] = [layer("base image", "5"), layer("files", "6"), layer("files", "7", 10)]
    expect(
      changes(
        { platform: { layers: [base, files] } },
        { platform: { layers: [layer("base image", "8", 30), files, more] } },
      ),
    ).toEqual([
      {
        area: "layer",
        name: "base image",
        kind: "changed",
        platforms: BOTH,
        old: digest("5"),
        new: digest("8"),
        bytes: { old: 2_000_000, new: 30 },
      },
      {
        area: "layer",
        name: "files (2)",
        kind: "added",
        platforms: BOTH,
        old: null,
        new: digest("7"),
        bytes: { old: null, new: 10 },
      },
    ])
  })
})

describe("nothing is a difference", () => {
  it("between a build and itself", () => {
    expect(compareBuilds(build(), build())).toMatchObject({ equal: true, changes: [], notCompared: [] })
  })

  it("that says only how the build went", () => {
    const later = { steps: [], installation: { method: "emulated" as const, reason: "no binfmt" } }
    const slow = [check("passed", { seconds: 9, attempts: 2, provedBy: "chrome" })]
    expect(lines({ platform: { checks: [check("passed")] } }, { platform: { ...later, checks: slow } })).toEqual([])
    expect(lines({ report: { inputs: { docker: "1" } } }, { report: { inputs: { docker: "2" } } })).toEqual([])
  })

  it("that is another order", () => {
    const [one, two] = [git("1"), { ...git("1"), name: "two" }]
    expect(lines({ platform: { packages: [one, two] } }, { platform: { packages: [two, one] } })).toEqual([])
    expect(lines({ platforms: [...BOTH].reverse() }, {})).toEqual([])
    const reordered = Object.fromEntries(Object.entries(CONFIG.Healthcheck).reverse())
    expect(lines({ config: { Healthcheck: reordered } }, {})).toEqual([])
    const ports = (...names: string[]) => Object.fromEntries(names.map((name) => [name, {}]))
    expect(lines({ config: { ExposedPorts: ports("1", "2") } }, { config: { ExposedPorts: ports("2", "1") } })).toEqual(
      [],
    )
  })

  it("that is another way to have no setting", () => {
    const none = { Cmd: null, Volumes: {}, ExposedPorts: null, OnBuild: [], StopSignal: "", WorkingDir: "" }
    expect(lines({ config: none }, {})).toEqual([])
    expect(lines({ config: { Labels: null } }, { config: { Labels: {} } })).toEqual([])
  })
})

describe("platforms", () => {
  const perPlatform = (of: (arch: string, gnu: string) => ReturnType<typeof platform>): Changes => ({
    report: { platforms: [of("amd64", "x86-64"), of("arm64", "aarch64")] },
  })

  it("have the same change, if it differs only in how they are spelt", () => {
    const of = (version: string) =>
      perPlatform((arch, gnu) =>
        platform(`linux/${arch}`, {
          packages: [{ ...git(version, version), name: `gcc-14-${gnu}-linux-gnu` }],
          tools: [node("24", `npm:node${version}-linux-${arch}`)],
        }),
      )
    expect(lines(of("1"), of("2"))).toEqual([
      everywhere("package gcc-14-ARCH-linux-gnu, version changed on *: 1 → 2"),
      everywhere("tool node, source changed on *: npm:node1-linux-ARCH → npm:node2-linux-ARCH"),
    ])
  })

  it("keep their own spelling if only one of them has the change", () => {
    const of = (version: string) =>
      perPlatform((arch, gnu) =>
        platform(`linux/${arch}`, {
          packages: [
            git("1"),
            ...(arch === "amd64" ? [{ ...git(version, version), name: `cpp-${gnu}-linux-gnu` }] : []),
          ],
        }),
      )
    expect(lines(of("1"), of("2"))).toEqual(["package cpp-x86-64-linux-gnu, version changed on linux/amd64: 1 → 2"])
  })

  it("may have two changes whose spellings look like one", () => {
    const names = ["cross-amd64", "cross-x86-64", "cross-arm64"]
    const recent = perPlatform((arch) =>
      platform(`linux/${arch}`, {
        packages: [git("1"), ...(arch === "amd64" ? names : ["cross-arm64"]).map((name) => ({ ...git("1"), name }))],
      }),
    )
    expect(lines({ platform: { packages: [git("1")] } }, recent)).toEqual([
      "package cross-amd64 added on linux/amd64: none → 1",
      "package cross-arm64 added on linux/amd64: none → 1",
      "package cross-arm64 added on linux/arm64: none → 1",
      "package cross-x86-64 added on linux/amd64: none → 1",
    ])
  })

  it("have their own changes, if these differ", () => {
    const of = (amd64: string, arm64: string) =>
      perPlatform((arch) => platform(`linux/${arch}`, { packages: [git(arch === "amd64" ? amd64 : arm64)] }))
    expect(lines(of("1", "1"), of("2", "2+b1"))).toEqual([
      "package git, version changed on linux/amd64: 1 → 2",
      "package git, version changed on linux/arm64: 1 → 2+b1",
    ])
  })

  it("are compared if both builds have them", () => {
    const [old, recent] = [{ packages: [git("1")] }, { packages: [git("2")] }]
    expect(lines({ platform: old }, { platform: recent, platforms: ["linux/arm64"] })).toEqual([
      `platform linux/amd64 removed: ${digest("1")} → none`,
      "package git, version changed on linux/arm64: 1 → 2",
    ])
  })
})

describe("packages", () => {
  it("include the base's, where the platforms were compared with each other", () => {
    const old = { parity: installed({ git: "1", libc6: "2.41-1" }), index: digest("7") }
    // The older build had to update libc6; the base of the newer one brings it.
    const recent = { parity: installed({ git: "2", libc6: "2.41-1", dash: "5" }) }
    expect(
      lines(
        { report: old, platform: { packages: [git("1"), { ...git("2.41-1"), name: "libc6" }] } },
        { report: recent, platform: { packages: [git("2", "b")] } },
      ),
    ).toEqual([
      `image index changed: ${digest("7")} → ${digest("0")}`,
      everywhere("package dash added on *: none → 5"),
      everywhere("package git, version changed on *: 1 → 2"),
    ])
  })

  it("are compared by their files as well, under whatever name the list has them", () => {
    const list = installed({ "gcc-ARCH-linux-gnu": "14", git: { "linux/amd64": "1", "linux/arm64": null } })
    const of = (digit: string): Changes => ({
      report: { parity: list },
      platform: { packages: [{ ...git("14", digit), name: "gcc-aarch64-linux-gnu" }] },
      platforms: ["linux/arm64"],
    })
    expect(lines(of("1"), of("2"))).toEqual([
      `package gcc-ARCH-linux-gnu, checksum changed on linux/arm64: ${sha256("1")} → ${sha256("2")}`,
    ])
  })

  it("have one name, whether the other platform has it as well or the base brings it", () => {
    const gcc = (name: string) => ({ [name]: { "linux/amd64": null, "linux/arm64": "14" }, git: "1" })
    const of = (name: string, ...packages: (typeof GCC)[]): Changes => ({
      report: { parity: installed(gcc(name)) },
      platform: { packages },
      platforms: ["linux/arm64"],
    })
    expect(lines(of("gcc-ARCH-linux-gnu", GCC), of("gcc-aarch64-linux-gnu"))).toEqual([])
  })

  it("are never taken for another one with a similar name", () => {
    const of = (version: string): Changes => ({
      report: {
        parity: installed({ "cross-aarch64": { "linux/arm64": "1" }, "cross-arm64": { "linux/arm64": version } }),
      },
      platforms: ["linux/arm64"],
    })
    expect(lines(of("1"), of("2"))).toEqual(["package cross-arm64, version changed on linux/arm64: 1 → 2"])
    expect(lines(of("2"), of("1"))).toEqual(["package cross-arm64, version changed on linux/arm64: 2 → 1"])
  })

  it("are those that the builds installed otherwise, which is said", () => {
    const diff = compareBuilds(
      build({ report: { parity: installed({ git: "1" }), index: digest("7") } }),
      build({ report: { parity: { skipped: "one platform" } }, platform: { base: "debian@sha256:d" } }),
    )
    expect(diff.notCompared).toEqual([
      {
        what: "packages of the base image",
        why: "the report of the new build lists only those that the build installed, so one that is named as added or removed may be in the other build's base",
      },
    ])
    expect(diff.changes.filter(({ area }) => area === "package")).toEqual([])
    // On the same base, that is no loss.
    expect(compareBuilds(build({ report: { index: digest("7") } }), build()).notCompared).toEqual([])
  })
})

describe("what cannot be compared is said:", () => {
  const notCompared = (old: Changes, recent: Changes) =>
    compareBuilds(build(old), build(recent)).notCompared.map(({ what, why }) => `${what}: ${why}`)
  const other = { index: digest("7") }

  it("the configuration of a report alone", () => {
    expect(notCompared({ report: other, reportOnly: true }, {})).toEqual([
      "configuration: the old build is given by its report alone",
    ])
    expect(notCompared({ report: other, reportOnly: true }, { reportOnly: true })).toEqual([
      "configuration: both builds are given by their reports alone",
    ])
  })

  it("nothing, if both are the same image", () => {
    expect(notCompared({ reportOnly: true }, { reportOnly: true })).toEqual([])
  })

  it("an image that was not written", () => {
    const failed: Changes = { report: { index: undefined }, platform: { layers: undefined }, reportOnly: true }
    expect(notCompared({}, failed)).toEqual([
      "configuration: the new build wrote no image",
      "layers and sizes: the new build wrote no image",
    ])
    expect(lines({}, failed)).toEqual([`image index removed: ${digest("0")} → none`])
    const diff = compareBuilds(build(failed), build(failed))
    expect(diff).toMatchObject({ equal: true, sizes: [] })
    expect(diff.notCompared.map(({ why }) => why)).toContain("neither build wrote an image")
  })
})

it("has the sizes of all platforms that both have", () => {
  const smaller = [layer("base image", "5", 100_000_000)]
  expect(compareBuilds(build(), build({ platform: { layers: smaller, compressedBytes: 50_000_000 } })).sizes).toEqual(
    BOTH.map((platform) => ({
      platform,
      compressed: { old: 297_500_000, new: 50_000_000 },
      unpacked: { old: 300_000_000, new: 100_000_000 },
    })),
  )
})
