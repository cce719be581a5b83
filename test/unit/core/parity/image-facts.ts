import type { ImageContents } from "../../../../dagger/src/core/parity/image-facts.js"
import type { FileManifest, FileManifestEntry } from "../../../../dagger/src/core/parity/file-manifest.js"
import { spelling, type PlatformName } from "../../../../dagger/src/core/platforms.js"

export const folder: FileManifestEntry = { presence: "there", type: "folder", mode: "755", owner: "0:0" }

export function file(sha256: string, change: FileManifestEntry = {}): FileManifestEntry {
  return { presence: "there", type: "file", mode: "644", owner: "0:0", size: "3", sha256, ...change }
}

export function program(platform: PlatformName, change: FileManifestEntry = {}): FileManifestEntry {
  const { elfClass, elfMachine } = spelling(platform)
  return file(platform, { mode: "755", code: `ELF ${String(elfClass)}/${String(elfMachine)}`, ...change })
}

/** Our own layers of a small image, which has a tool with files of its own for each platform. */
export function filesOf(platform: PlatformName): Map<string, FileManifestEntry> {
  const { triplet, vendor } = spelling(platform)
  return new Map([
    ["/", folder],
    ["/home/runner", { ...folder, owner: "1001:1001" }],
    ["/home/runner/run.sh", file("aa", { mode: "755", owner: "1001:1001" })],
    ["/usr/local/bin/node", program(platform, { links: `/usr/local/lib/${triplet}/node` })],
    [`/usr/local/lib/${triplet}`, folder],
    [`/usr/local/lib/${triplet}/node`, program(platform, { links: "/usr/local/bin/node" })],
    [
      "/usr/local/lib/libz.so",
      { presence: "there", type: "link", mode: "777", owner: "0:0", target: `${triplet}/libz.so` },
    ],
    ["/usr/local/lib/machine.json", file(vendor, { archNeutral: "bb" })],
    // Both platforms have a file for each: names that are on both stand for themselves.
    ["/usr/local/src/asm_amd64.s", file("cc")],
    ["/usr/local/src/asm_arm64.s", file("dd")],
  ])
}

/** A small image that is the same on all platforms. */
export function imageFacts(platform: PlatformName, change: Partial<ImageContents> = {}): ImageContents {
  const { debian, triplet } = spelling(platform)
  const own = (name: string, version: string, sourceVersion = version) => ({
    ...{ name, version, source: name, sourceVersion, architecture: debian, depends: [], provides: [] },
  })
  return {
    platform,
    configuration: {
      user: "1001",
      workdir: "/home/runner",
      entrypoint: ["/usr/bin/tini", "--", "/home/runner/run.sh"],
      defaultArguments: [],
      environment: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" },
      labels: { "org.opencontainers.image.version": "0.1.0" },
    },
    packages: [
      own(`gcc-14-${triplet.replaceAll("_", "-")}`, "14.2.0-19"),
      own("jq", platform === "linux/arm64" ? "1.7.1-6+b1" : "1.7.1-6", "1.7.1-6"),
      { ...own("tzdata", "2026a-1"), architecture: "all" },
    ],
    requested: ["jq"],
    tools: [{ name: "node", version: "24.21.0" }],
    accounts: {
      passwd: "root:x:0:0:root:/root:/bin/bash\nrunner:x:1001:1001::/home/runner:/bin/bash\n",
      group: "root:x:0:\nrunner:x:1001:\ndocker:x:123:runner\n",
    },
    files: filesOf(platform),
    ...change,
  }
}

/** The files of an image with some changed; what is undefined is not there. */
export function withFiles(
  platform: PlatformName,
  change: Readonly<Record<string, FileManifestEntry | undefined>>,
): FileManifest {
  const files = filesOf(platform)
  for (const [path, entry] of Object.entries(change))
    if (entry) files.set(path, entry)
    else files.delete(path)
  return files
}
