import { describe, expect, it } from "vitest"
import type { ImageContents } from "../../../../dagger/src/core/parity/image-facts.js"
import {
  assertImageParity,
  compareImages,
  imageParityFailures,
  parityCheck,
  vendorTools,
  wantedEvidence,
} from "../../../../dagger/src/core/parity/image-parity.js"
import { differenceText, parityMarkdown } from "../../../../dagger/src/core/render/image-parity.js"
import { installedPackages } from "../../../../dagger/src/core/packages/dpkg-status.js"
import type { ParityEvidence } from "../../../../dagger/src/core/parity/reasons.js"
import { planVariant } from "../../../../dagger/src/core/plan/plan.js"
import { readFileSync } from "node:fs"
import { parsePlatformDifferences } from "../../../../dagger/src/core/parity/platform-differences.js"
import { RUNNER_MANIFEST, SHIPPED_MODES } from "../../../../dagger/src/core/variants/runtime-files.js"
import { PLATFORMS, type PlatformName } from "../../../../dagger/src/core/platforms.js"
import { imageParitySchema, type ImageDifference } from "../../../../dagger/src/core/report/report.js"
import { file, filesOf, folder, imageFacts, program, withFiles } from "./image-facts.js"

const NOTHING: ParityEvidence = { allowed: [] }

/** Images that are alike, but for what is changed on arm64. */
const compare = (change: Partial<ImageContents>, evidence = NOTHING) =>
  compareImages([imageFacts("linux/amd64"), imageFacts("linux/arm64", change)], evidence)

const { configuration, packages, accounts } = imageFacts("linux/arm64")
const environment = configuration.environment
const arm = (files: Parameters<typeof withFiles>[1]) => ({ files: withFiles("linux/arm64", files) })
const texts = (differences: readonly ImageDifference[]) => differences.map(differenceText)

it("finds equal images equal, whatever architectures are called in them", () => {
  const parity = compare({})
  expect(imageParitySchema.parse(parity)).toEqual(parity)
  expect(parity).toMatchInlineSnapshot(`
    {
      "differences": [],
      "explained": [
        {
          "area": "file",
          "aspect": "content",
          "name": "/usr/local/lib/machine.json",
          "reason": "names the platform",
          "values": {
            "linux/amd64": "x64",
            "linux/arm64": "arm64",
          },
        },
      ],
      "paths": 10,
      "platforms": [
        "linux/amd64",
        "linux/arm64",
      ],
      "software": [
        {
          "kind": "package",
          "name": "gcc-14-ARCH-linux-gnu",
          "versions": {
            "linux/amd64": "14.2.0-19",
            "linux/arm64": "14.2.0-19",
          },
        },
        {
          "kind": "package",
          "name": "jq",
          "versions": {
            "linux/amd64": "1.7.1-6",
            "linux/arm64": "1.7.1-6+b1",
          },
        },
        {
          "kind": "package",
          "name": "tzdata",
          "versions": {
            "linux/amd64": "2026a-1",
            "linux/arm64": "2026a-1",
          },
        },
        {
          "kind": "tool",
          "name": "node",
          "versions": {
            "linux/amd64": "24.21.0",
            "linux/arm64": "24.21.0",
          },
        },
      ],
      "unused": [],
    }
  `)
})

describe("a variable for which the definition has a value for each platform", () => {
  const own = new Map<PlatformName, Record<string, string>>([
    ["linux/amd64", { LANG: "C.UTF-8" }],
    ["linux/arm64", { LANG: "C" }],
  ])
  const values = (LANG: string) =>
    compare(
      { configuration: { ...configuration, environment: { ...environment, LANG } } },
      { ...NOTHING, environment: own },
    )

  it("may differ, exactly so", () => {
    expect(values("C").differences).toEqual([])
    expect(values("C").explained.find(({ name }) => name === "LANG")?.reason).toBe(
      "the definition has a value for each platform",
    )
    expect(texts(values("POSIX").differences)).toEqual([
      "environment LANG: C.UTF-8 on linux/amd64, POSIX on linux/arm64",
    ])
  })

  it("explains no other", () => {
    const parity = compare(
      { configuration: { ...configuration, environment: { ...environment, PATH: "/bin" } } },
      { ...NOTHING, environment: own },
    )
    expect(texts(parity.differences)).toEqual(["environment PATH: /usr/bin:/bin on linux/amd64, /bin on linux/arm64"])
  })
})

it("lets the file of the packages' modes differ in its content, and in nothing else", () => {
  const images = (change: Parameters<typeof file>[1]) =>
    compareImages(
      [
        imageFacts("linux/amd64", { files: withFiles("linux/amd64", { [SHIPPED_MODES]: file("aa") }) }),
        imageFacts("linux/arm64", { files: withFiles("linux/arm64", { [SHIPPED_MODES]: file("bb", change) }) }),
      ],
      NOTHING,
    )
  expect(images({}).explained.find(({ name }) => name === SHIPPED_MODES)?.reason).toBe(
    "says which modes each platform's packages ship",
  )
  expect(texts(images({}).differences)).toEqual([])
  expect(texts(images({ mode: "666" }).differences)).toEqual([
    `file ${SHIPPED_MODES}: mode 644 on linux/amd64, 666 on linux/arm64`,
  ])
})

describe("images differ when on arm64", () => {
  it.each<[what: string, change: Partial<ImageContents>, differences: string[]]>([
    [
      "a package is missing",
      { packages: packages.filter(({ name }) => name !== "jq") },
      ["package jq: 1.7.1-6 on linux/amd64, none on linux/arm64"],
    ],
    [
      "a package has another source version",
      { packages: packages.map((entry) => (entry.name === "jq" ? { ...entry, sourceVersion: "1.7.1-7" } : entry)) },
      ["package jq: 1.7.1-6 on linux/amd64, 1.7.1-6+b1 on linux/arm64"],
    ],
    [
      "a package is another architecture's",
      { packages: packages.map((entry) => (entry.name === "jq" ? { ...entry, architecture: "amd64" } : entry)) },
      [
        "package jq: 1.7.1-6 on linux/amd64, none on linux/arm64",
        "package jq:amd64: none on linux/amd64, 1.7.1-6+b1 on linux/arm64",
      ],
    ],
    [
      "Node.js is another version",
      { tools: [{ name: "node", version: "24.20.0" }] },
      ["tool node: 24.21.0 on linux/amd64, 24.20.0 on linux/arm64"],
    ],
    ["a tool is missing", { tools: [] }, ["tool node: 24.21.0 on linux/amd64, none on linux/arm64"]],
    [
      "an environment variable is another",
      { configuration: { ...configuration, environment: { ...environment, LANG: "C" } } },
      ["environment LANG: C.UTF-8 on linux/amd64, C on linux/arm64"],
    ],
    [
      "there is one more environment variable",
      { configuration: { ...configuration, environment: { ...environment, DEBUG: "1" } } },
      ["environment DEBUG: none on linux/amd64, 1 on linux/arm64"],
    ],
    [
      "PATH is in another order",
      { configuration: { ...configuration, environment: { ...environment, PATH: "/bin:/usr/bin" } } },
      ["environment PATH: /usr/bin:/bin on linux/amd64, /bin:/usr/bin on linux/arm64"],
    ],
    [
      "the user, folder, entrypoint and arguments are others",
      {
        configuration: { ...configuration, user: "0", workdir: "/", entrypoint: ["sh"], defaultArguments: ["-l"] },
      },
      [
        'configuration default arguments: [] on linux/amd64, ["-l"] on linux/arm64',
        'configuration entrypoint: ["/usr/bin/tini","--","/home/runner/run.sh"] on linux/amd64, ["sh"] on linux/arm64',
        "configuration user: 1001 on linux/amd64, 0 on linux/arm64",
        "configuration workdir: /home/runner on linux/amd64, / on linux/arm64",
      ],
    ],
    [
      "a label is another",
      { configuration: { ...configuration, labels: { "org.opencontainers.image.version": "0.2.0" } } },
      ["label org.opencontainers.image.version: 0.1.0 on linux/amd64, 0.2.0 on linux/arm64"],
    ],
    [
      "an account has another id, and a group another member",
      {
        accounts: {
          passwd: accounts.passwd.replace("1001:1001", "1002:1001"),
          group: accounts.group.replace("123:runner", "123:"),
        },
      },
      [
        "account group docker: 123:runner on linux/amd64, 123: on linux/arm64",
        "account user runner: 1001:1001::/home/runner:/bin/bash on linux/amd64, 1002:1001::/home/runner:/bin/bash on linux/arm64",
      ],
    ],
    [
      "an account is missing",
      { accounts: { ...accounts, group: accounts.group.replace("docker:x:123:runner\n", "") } },
      ["account group docker: 123:runner on linux/amd64, none on linux/arm64"],
    ],
    [
      "a file is missing",
      arm({ "/home/runner/run.sh": undefined }),
      ["file /home/runner/run.sh: type file on linux/amd64, none on linux/arm64"],
    ],
    [
      "there is one more file, and one in a folder named for the platform",
      arm({ "/etc/more": file("ff"), "/usr/local/lib/aarch64-linux-gnu/more": file("ff") }),
      [
        "file /etc/more: type none on linux/amd64, file on linux/arm64",
        "file /usr/local/lib/ARCH-linux-gnu/more: type none on linux/amd64, file on linux/arm64",
      ],
    ],
    [
      "a file has another mode, owner and content",
      arm({ "/home/runner/run.sh": file("ff", { mode: "644", owner: "0:0" }) }),
      [
        "file /home/runner/run.sh: mode 755 on linux/amd64, 644 on linux/arm64",
        "file /home/runner/run.sh: owner 1001:1001 on linux/amd64, 0:0 on linux/arm64",
        "file /home/runner/run.sh: content aa on linux/amd64, ff on linux/arm64",
      ],
    ],
    [
      "a file differs by more than the platform's name",
      arm({ "/usr/local/lib/machine.json": file("arm64", { archNeutral: "ee" }) }),
      ["file /usr/local/lib/machine.json: content x64 on linux/amd64, arm64 on linux/arm64"],
    ],
    [
      "a file is a folder",
      arm({ "/home/runner/run.sh": folder }),
      ["file /home/runner/run.sh: type file on linux/amd64, folder on linux/arm64"],
    ],
    [
      "a link leads elsewhere",
      arm({
        "/usr/local/lib/libz.so": { presence: "there", type: "link", mode: "777", owner: "0:0", target: "other" },
      }),
      ["file /usr/local/lib/libz.so: target x86_64-linux-gnu/libz.so on linux/amd64, other on linux/arm64"],
    ],
    [
      "a program is amd64's",
      arm({ "/usr/local/lib/aarch64-linux-gnu/node": program("linux/amd64", { links: "/usr/local/bin/node" }) }),
      ["file /usr/local/lib/ARCH-linux-gnu/node: code for linux/amd64 on linux/amd64, for linux/amd64 on linux/arm64"],
    ],
    [
      "a program is for a machine that we know nothing of",
      arm({
        "/usr/local/lib/aarch64-linux-gnu/node": file("ff", {
          mode: "755",
          code: "ELF 32/40",
          links: "/usr/local/bin/node",
        }),
      }),
      [
        "file /usr/local/lib/ARCH-linux-gnu/node: code for linux/amd64 on linux/amd64, for the machine 32/40 on linux/arm64",
      ],
    ],
    [
      "a program is a script",
      arm({ "/usr/local/bin/node": file("ff", { mode: "755", links: "/usr/local/lib/aarch64-linux-gnu/node" }) }),
      [
        "file /usr/local/bin/node: code for linux/amd64 on linux/amd64, none on linux/arm64",
        "file /usr/local/bin/node: content none on linux/amd64, ff on linux/arm64",
      ],
    ],
  ])("%s", (_, change, differences) => {
    const parity = compare(change)
    expect(texts(parity.differences)).toEqual(differences)
    expect(parityCheck(parity)).toMatchObject({ name: "parity/platforms", status: "failed" })
    expect(() => {
      assertImageParity([{ variant: "standard", parity }])
    }).toThrow("[PARITY_DIFFERS]")
  })
})

describe("explains", () => {
  const everything = new Map<PlatformName, string[]>(PLATFORMS.map((platform) => [platform, ["jq", "tzdata"]]))
  const missing = { packages: packages.filter(({ name }) => name !== "jq") }

  it("a package of which the archive has no other platform's", () => {
    const archive = new Map(everything).set("linux/arm64", ["tzdata"])
    const { differences, explained } = compare(missing, { ...NOTHING, archive })
    expect(differences).toEqual([])
    expect(explained.find(({ name }) => name === "jq")?.reason).toBe("the archive has it for linux/amd64 only")
  })

  it.each([
    ["has both platforms'", missing, everything],
    ["has neither platform's", missing, new Map<PlatformName, string[]>(PLATFORMS.map((platform) => [platform, []]))],
    [
      "has the other platform's under its own name",
      { packages: packages.filter(({ name }) => !name.startsWith("gcc")) },
      new Map<PlatformName, string[]>([
        ["linux/amd64", ["gcc-14-x86-64-linux-gnu"]],
        ["linux/arm64", ["gcc-14-aarch64-linux-gnu"]],
      ]),
    ],
  ])("no package of which the archive %s", (_, change, archive) => {
    expect(compare(change, { ...NOTHING, archive }).differences).toHaveLength(1)
  })

  describe("by dependencies", () => {
    const entry = (name: string, depends: string[] = [], change = {}) => ({
      ...{
        name,
        version: "1.0",
        source: name,
        sourceVersion: "1.0",
        architecture: "all",
        depends,
        provides: [],
        ...change,
      },
    })
    /** A driver that needs a library on amd64 only, which needs another. */
    const LIBRARIES = [entry("libdrm", ["libpci"]), entry("libpci")]
    const onAmd64 = (own: ReturnType<typeof entry>[], requested = ["mesa"]) =>
      imageFacts("linux/amd64", { packages: own, requested })
    const onArm64 = (own: ReturnType<typeof entry>[]) =>
      imageFacts("linux/arm64", { packages: own, requested: ["mesa"] })
    const found = (amd64: ImageContents, arm64: ImageContents, archive?: string[]) => {
      const evidence = archive ? { ...NOTHING, archive: new Map([["linux/arm64" as const, archive]]) } : NOTHING
      const { differences, explained } = compareImages([amd64, arm64], evidence)
      return [
        ...differences.map(({ name }) => name),
        ...explained.flatMap(({ area, name, reason }) => (area === "package" ? [`${name}: ${reason}`] : [])),
      ]
    }

    it("what packages need for one platform only, and what that needs", () => {
      expect(found(onAmd64([entry("mesa", ["libdrm"]), ...LIBRARIES]), onArm64([entry("mesa")]))).toEqual([
        "libdrm: mesa depends on it for linux/amd64 only",
        "libpci: libdrm depends on it for linux/amd64 only",
      ])
    })

    it("what is needed under another name, by what the archive has for one platform only", () => {
      const amd64 = onAmd64([entry("microcode", ["loader"]), entry("iucode", [], { provides: ["loader"] })])
      expect(found(amd64, onArm64([]), ["other"])).toEqual([
        "microcode",
        "iucode: microcode depends on it for linux/amd64 only",
      ])
    })

    it.each([
      [
        "is asked for",
        onAmd64([entry("mesa", ["libdrm"]), ...LIBRARIES], ["mesa", "libdrm"]),
        onArm64([entry("mesa")]),
      ],
      [
        "is needed there as well",
        onAmd64([entry("mesa", ["libdrm"]), ...LIBRARIES]),
        onArm64([entry("mesa", ["libdrm"])]),
      ],
      ["nothing needs", onAmd64([entry("mesa"), entry("libdrm", ["libdrm"])]), onArm64([entry("mesa")])],
      [
        "another version of a package needs",
        onAmd64([entry("mesa", ["libdrm"]), ...LIBRARIES]),
        onArm64([entry("mesa", [], { sourceVersion: "2.0" })]),
      ],
      [
        "packages need that need each other",
        onAmd64([entry("mesa"), entry("libdrm", ["libpci"]), entry("libpci", ["libdrm"])]),
        onArm64([entry("mesa")]),
      ],
      [
        "one of two needs there as well",
        onAmd64([entry("mesa", ["libdrm"]), entry("xorg", ["libdrm"]), ...LIBRARIES]),
        onArm64([entry("mesa"), entry("xorg", ["libdrm"])]),
      ],
    ])("not what %s", (_, amd64, arm64) => {
      expect(found(amd64, arm64)).toContain("libdrm")
    })
  })

  it("text that names the platform, and nothing that is missing", () => {
    const labelled = (label: string) => ({ ...configuration, labels: { machine: label } })
    const parity = compareImages(
      [
        imageFacts("linux/amd64", { configuration: labelled("linux-x86_64") }),
        imageFacts("linux/arm64", { configuration: labelled("linux-aarch64") }),
      ],
      NOTHING,
    )
    expect(parity.differences).toEqual([])
    expect(parity.explained.map(({ area, name, reason }) => [area, name, reason])).toEqual([
      ["label", "machine", "names the platform"],
      ["file", "/usr/local/lib/machine.json", "names the platform"],
    ])
  })

  describe("by a tool's own files", () => {
    const only = { "/usr/local/extra": file("ff"), "/usr/local/extra.txt": file("ff") }
    const changed = { "/home/runner/run.sh": file("ff", { mode: "755", owner: "1001:1001" }) }
    const tool = (amd64: PlatformName, files: ReturnType<typeof withFiles>) => ({
      ...{ name: "node", version: "24.21.0" },
      files: new Map<PlatformName, typeof files>([
        [amd64, filesOf(amd64)],
        ["linux/arm64", files],
      ]),
    })

    it("what only one platform's have, and what they have differently", () => {
      const { files } = arm({ ...only, ...changed })
      const { differences, explained } = compare({ files }, { ...NOTHING, tools: [tool("linux/amd64", files)] })
      expect(differences).toEqual([])
      expect(explained.map(({ name, aspect, reason }) => `${name} ${aspect ?? ""}: ${reason}`)).toMatchInlineSnapshot(`
        [
          "/home/runner/run.sh content: the same as in the files of node 24.21.0 for each platform",
          "/usr/local/extra type: the files of node 24.21.0 have it for linux/arm64 only",
          "/usr/local/extra.txt type: the files of node 24.21.0 have it for linux/arm64 only",
          "/usr/local/lib/machine.json content: names the platform",
        ]
      `)
    })

    it("neither what was lost or added on the way, nor what was changed", () => {
      const tools = [tool("linux/amd64", filesOf("linux/arm64"))]
      const { files } = arm({ ...only, ...changed, "/usr/local/src/asm_arm64.s": undefined })
      expect(texts(compare({ files }, { ...NOTHING, tools }).differences)).toEqual([
        "file /home/runner/run.sh: content aa on linux/amd64, ff on linux/arm64",
        "file /usr/local/extra: type none on linux/amd64, file on linux/arm64",
        "file /usr/local/extra.txt: type none on linux/amd64, file on linux/arm64",
        "file /usr/local/src/asm_arm64.s: type file on linux/amd64, none on linux/arm64",
      ])
    })
  })

  it("what is allowed, exactly, and tells what is unused suppression", () => {
    const allowed = [
      { area: "environment" as const, name: "LANG", reason: "a test" },
      { area: "file" as const, name: "/home/runner/run.sh", aspect: "mode", reason: "a test" },
      { area: "file" as const, name: "/home/runner", aspect: "mode", reason: "nothing" },
    ]
    const change = {
      ...arm({ "/home/runner/run.sh": file("ff", { mode: "700", owner: "1001:1001" }) }),
      configuration: { ...configuration, environment: { ...environment, LANG: "C" } },
    }
    const parity = compare(change, { allowed })
    expect(texts(parity.differences)).toEqual([
      "file /home/runner/run.sh: content aa on linux/amd64, ff on linux/arm64",
    ])
    expect(parity.explained.filter(({ reason }) => reason === "a test").map(({ name }) => name)).toEqual([
      "LANG",
      "/home/runner/run.sh",
    ])
    expect(parity.unused).toEqual([allowed[2]])
  })

  it("a suppression of a difference that has a reason of its own, as unused", () => {
    const entry = (name: string, depends: string[] = []) => ({
      ...{ name, version: "1.0", source: name, sourceVersion: "1.0", architecture: "all", depends, provides: [] },
    })
    const amd64 = imageFacts("linux/amd64", {
      packages: [entry("mesa", ["libdrm"]), entry("libdrm")],
      requested: ["mesa"],
    })
    const arm64 = imageFacts("linux/arm64", { packages: [entry("mesa")], requested: ["mesa"] })
    const allowed = [{ area: "package" as const, name: "libdrm", reason: "a test" }]
    const { explained, unused } = compareImages([amd64, arm64], { allowed })
    expect(explained).toContainEqual(
      expect.objectContaining({ name: "libdrm", reason: "mesa depends on it for linux/amd64 only" }),
    )
    expect(unused).toEqual(allowed)
  })
})

it.each([
  ["nothing differs", {}, { archive: false, paths: [] }],
  ["a package is missing", { packages: [] }, { archive: true, paths: [] }],
  ["a file is missing", arm({ "/home/runner/run.sh": undefined }), { archive: false, paths: ["/home/runner/run.sh"] }],
  ["a variable is missing", { configuration: { ...configuration, environment: {} } }, { archive: false, paths: [] }],
])("asks for evidence only for what it can explain: %s", (_, change, wanted) => {
  expect(wantedEvidence(compare(change))).toEqual(wanted)
})

it.each([
  ["registry" as const, ["node", "runner"]],
  ["upstream" as const, ["node", "docker", "buildx", "compose", "gh", "runner"]],
])("knows the tools that vendors make for each platform: %s", (mode, names) => {
  const request = { platforms: [...PLATFORMS], variants: ["standard"], sources: mode, sudo: false, refresh: false }
  const plan = planVariant("standard", { ...request, variants: ["standard"] }, { mode, reason: "test" })
  expect(vendorTools(plan).map(({ name }) => name)).toEqual(names)
})

it("names some differences in a check, and all in a failure", () => {
  const many = arm(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`/etc/${String(index)}`, file("ff")])))
  const parity = compare(many)
  expect(parityCheck(parity).actual).toMatch(/; and 2 more$/)
  expect(imageParityFailures({ variant: "standard", parity })).toHaveLength(12)
})

it("reads of dpkg's status what a package was built from", () => {
  const status = `Package: jq
Status: install ok installed
Architecture: arm64
Source: jq (1.7.1-6)
Version: 1.7.1-6+b1
Provides: json-tool (= 1.7)
Pre-Depends: libc6 (>= 2.38)
Depends: libjq1 (= 1.7.1-6+b1) | libjq-dev, python3:any

Package: cpp
Status: install ok installed
Architecture: arm64
Source: gcc-defaults (1.220)
Version: 4:14.2.0-1

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026a-1
`
  expect(installedPackages(status)).toEqual([
    {
      ...{ name: "jq", version: "1.7.1-6+b1", source: "jq", sourceVersion: "1.7.1-6", architecture: "arm64" },
      ...{ depends: ["libc6", "libjq1", "libjq-dev", "python3"], provides: ["json-tool"] },
    },
    {
      ...{ name: "cpp", version: "4:14.2.0-1", source: "gcc-defaults", sourceVersion: "1.220", architecture: "arm64" },
      ...{ depends: [], provides: [] },
    },
    {
      ...{ name: "tzdata", version: "2026a-1", source: "tzdata", sourceVersion: "2026a-1", architecture: "all" },
      ...{ depends: [], provides: [] },
    },
  ])
})

describe("the allow-list", () => {
  it.each([
    ["no JSON", "[", /it is not JSON/],
    ["no list", "{}", /expected array/],
    ["no reason", '[{ "area": "file", "name": "/a", "reason": " " }]', /0\.reason: /],
    ["a pattern", '[{ "area": "file", "name": "/a/*", "reason": "a" }]', /0\.name: must be one name, not a pattern/],
    ["an unknown area", '[{ "area": "files", "name": "/a", "reason": "a" }]', /0\.area: /],
    ["an unknown key", '[{ "area": "file", "name": "/a", "reason": "a", "because": "a" }]', /because/],
    [
      "a difference twice",
      '[{ "area": "label", "name": "a", "reason": "a" }, { "area": "label", "name": "a", "reason": "b" }]',
      /it lists label a twice/,
    ],
  ])("is refused with %s", (_, text, message) => {
    expect(() => parsePlatformDifferences(text)).toThrow(message)
  })
})

describe("the list of differences", () => {
  const list = parsePlatformDifferences(
    readFileSync(new URL("../../../../dagger/src/core/parity/platform-differences.json", import.meta.url), "utf8"),
  )

  it("suppresses another content of the runner's checksums, and nothing else of them", () => {
    const other = arm({ [RUNNER_MANIFEST]: file("ff", { mode: "600" }) })
    const images = [imageFacts("linux/amd64", { files: withFiles("linux/amd64", { [RUNNER_MANIFEST]: file("aa") }) })]
    const { differences } = compareImages([...images, imageFacts("linux/arm64", other)], { allowed: list })
    expect(texts(differences)).toEqual([`file ${RUNNER_MANIFEST}: mode 644 on linux/amd64, 600 on linux/arm64`])
  })
})

it("is shown as Markdown", () => {
  const parity = compare(
    { ...arm({ "/etc/a|b": file("ff") }), tools: [{ name: "node", version: "24.20.0" }] },
    { allowed: [{ area: "label", name: "gone", reason: "it was there" }] },
  )
  expect(parityMarkdown(parity)).toMatchInlineSnapshot(`
    "3 packages, 1 tools, 11 paths compared: 2 differences, 1 explained

    | Difference | linux/amd64 | linux/arm64 |
    | --- | --- | --- |
    | tool node | 24.21.0 | 24.20.0 |
    | file /etc/a\\|b, type | none | file |

    | Explained difference | linux/amd64 | linux/arm64 | Reason |
    | --- | --- | --- | --- |
    | file /usr/local/lib/machine.json, content | x64 | arm64 | names the platform |

    | Unused suppression | Reason |
    | --- | --- |
    | label gone | it was there |

    <details><summary>Software</summary>

    | Kind | Name | linux/amd64 | linux/arm64 |
    | --- | --- | --- | --- |
    | package | gcc-14-ARCH-linux-gnu | 14.2.0-19 | 14.2.0-19 |
    | package | jq | 1.7.1-6 | 1.7.1-6+b1 |
    | package | tzdata | 2026a-1 | 2026a-1 |
    | tool | node | 24.21.0 | 24.20.0 |

    </details>"
  `)
})
