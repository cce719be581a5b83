import { connection, type Container } from "@dagger.io/dagger"
import { beforeAll, describe, expect, it } from "vitest"
import { differenceText } from "../../dagger/src/core/render/image-parity.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { ImageParity } from "../../dagger/src/core/report/report.js"
import { compareContainers, type ComparedImage } from "../../dagger/src/pipeline/parity/image-parity.js"
import { openEngineHost, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { archiveNames } from "../../dagger/src/pipeline/packages/packages.js"
import { BOTH } from "./images.js"
import { hostUploads } from "../../src/session/host-uploads.js"

const PROGRAM = "/usr/local/bin/tool"
const VERSION = "/usr/local/lib/node/version"
const STATUS = "/var/lib/dpkg/status"

type Change = (image: Container, engineHost: EngineHost) => Container | Promise<Container>

/** What is changed of an image's packages, and of what is above them. */
interface Seed {
  packages?: Change
  image?: Change
}

/** A package more in dpkg's own list. */
const withPackage =
  (name: string, architecture: string): Change =>
  async (root) => {
    const stanza = `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: 1.0\n\n`
    return root.withNewFile(STATUS, `${await root.file(STATUS).contents()}\n${stanza}`)
  }

const withAccount =
  (line: string): Change =>
  async (image, engineHost) =>
    image.withNewFile("/etc/passwd", `${await engineHost.container.file("/etc/passwd").contents()}${line}\n`)

/** A small image with a program of the platform, a file that tells a version, one that names the platform, and an account. */
async function imageOf(engineHost: EngineHost, platform: PlatformName, root: Container): Promise<Container> {
  const machine = platform === "linux/amd64" ? "x86_64" : "aarch64"
  const equipped = root
    .withFile(PROGRAM, root.file("/usr/bin/true"))
    .withNewFile(VERSION, "24.21.0\n")
    .withNewFile(`/usr/local/lib/${machine}-linux-gnu/machine`, `made for ${machine}\n`)
    .withEnvVariable("LANG", "C.UTF-8")
    .withLabel("machine", `linux-${machine}`)
    .withUser("1001")
    .withWorkdir("/usr/local")
    .withEntrypoint([PROGRAM])
  return withAccount("runner:x:1001:1001::/usr/local:/bin/sh")(equipped, engineHost)
}

/** Compares the small images, with changes of some. Of tools there is nothing to find out; the archive is the real one. */
function compare(seeds: Partial<Record<PlatformName, Seed>>): Promise<ImageParity> {
  return inConnection(async (engineHost) => {
    const images = BOTH.map(async (platform): Promise<ComparedImage> => {
      const { packages, image } = seeds[platform] ?? {}
      const bare = engineHost.root(platform)
      const root = (await packages?.(bare, engineHost)) ?? bare
      const made = await imageOf(engineHost, platform, root)
      const container = (await image?.(made, engineHost)) ?? made
      const context = { platform, tools: [{ name: "tool", version: "1.0" }] }
      return { container, addedFiles: [root.rootfs().diff(container.rootfs())], context, requested: [] }
    })
    const archive = () => archiveNames(engineHost, engineHost.archive)
    return compareContainers(
      engineHost,
      await Promise.all(images),
      { archive, tools: () => Promise.resolve([]) },
      { allowed: [] },
    )
  })
}

/** Assertions are made outside, because Dagger wraps what is thrown within. */
async function inConnection<T>(work: (engineHost: EngineHost) => Promise<T>): Promise<T> {
  const results: T[] = []
  await connection(async () => {
    results.push(await work(await openEngineHost(hostUploads())))
  })
  const [result] = results
  if (result === undefined) throw new Error("nothing was done")
  return result
}

const differences = (parity: ImageParity) => parity.differences.map(differenceText)

describe("images of both platforms", () => {
  let equal: ImageParity
  beforeAll(async () => {
    equal = await compare({})
  })

  it("are equal, but for what names the platform", () => {
    expect(differences(equal)).toEqual([])
    expect(equal.explained.map(({ area, name, reason }) => `${area} ${name}: ${reason}`)).toEqual([
      "label machine: names the platform",
      "file /usr/local/lib/ARCH-linux-gnu/machine: names the platform",
    ])
  })

  it("are compared in all packages, and in the paths above them alone", () => {
    expect(equal.software.length).toBeGreaterThan(50)
    expect(equal.software.find(({ name }) => name === "dpkg")?.versions).toEqual({
      "linux/amd64": expect.stringMatching(/^1\./) as string,
      "linux/arm64": expect.stringMatching(/^1\./) as string,
    })
    expect(equal.paths).toBe(12)
  })
})

it.each<[what: string, seed: Seed, found: (string | RegExp)[]]>([
  [
    "a package is missing",
    { packages: (root) => root.withExec(["dpkg", "--purge", "--force-all", "tzdata"]) },
    [/^package tzdata: \S+ on linux\/amd64, none on linux\/arm64$/],
  ],
  [
    "there is one more, which the archive has for both",
    { packages: withPackage("jq", "arm64") },
    ["package jq: none on linux/amd64, 1.0 on linux/arm64"],
  ],
  [
    "a program is the other machine's",
    {
      image: async (image, engineHost) =>
        image.withFile(
          PROGRAM,
          (await imageOf(engineHost, "linux/amd64", engineHost.root("linux/amd64"))).file(PROGRAM),
        ),
    },
    [`file ${PROGRAM}: code for linux/amd64 on linux/amd64, for linux/amd64 on linux/arm64`],
  ],
  [
    "a file tells another version of Node.js",
    { image: (image) => image.withNewFile(VERSION, "24.20.0\n") },
    [/^file \/usr\/local\/lib\/node\/version: content [0-9a-f]{64} on linux\/amd64, [0-9a-f]{64} on linux\/arm64$/],
  ],
  [
    "an environment variable is another",
    { image: (image) => image.withEnvVariable("LANG", "C") },
    ["environment LANG: C.UTF-8 on linux/amd64, C on linux/arm64"],
  ],
  [
    "a file is missing, and another is for root alone",
    {
      image: (image) =>
        image
          .withoutFile(VERSION)
          .withNewFile("/usr/local/lib/aarch64-linux-gnu/machine", "made for aarch64\n", { permissions: 0o600 }),
    },
    [
      "file /usr/local/lib/ARCH-linux-gnu/machine: mode 644 on linux/amd64, 600 on linux/arm64",
      `file ${VERSION}: type file on linux/amd64, none on linux/arm64`,
    ],
  ],
  [
    "an account has another id",
    { image: withAccount("runner:x:1002:1001::/usr/local:/bin/sh") },
    [
      "account user runner: 1001:1001::/usr/local:/bin/sh on linux/amd64, 1002:1001::/usr/local:/bin/sh on linux/arm64",
      /^file \/etc\/passwd: content /,
    ],
  ],
])("differ when on arm64 %s", async (_, seed, found) => {
  expect(differences(await compare({ "linux/arm64": seed }))).toEqual(
    found.map((text) => (typeof text === "string" ? text : (expect.stringMatching(text) as string))),
  )
})

it("may have a package on one platform that the archive has for no other", async () => {
  const parity = await compare({ "linux/amd64": { packages: withPackage("libquadmath0", "amd64") } })
  expect(differences(parity)).toEqual([])
  expect(parity.explained.find(({ area }) => area === "package")).toEqual({
    area: "package",
    name: "libquadmath0",
    values: { "linux/amd64": "1.0", "linux/arm64": null },
    reason: "the archive has it for linux/amd64 only",
  })
})
