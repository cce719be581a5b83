import type { Host } from "../../../docker/runtime/src/configuration/host.js"
import type { ImageFacts } from "../../../docker/runtime/src/image-facts.js"

export const IMAGE: ImageFacts = {
  variant: "standard",
  version: "0.1.0",
  platform: "linux/arm64",
  base: "debian:trixie-slim",
  runner: { kind: "official", version: "2.338.0" },
  architectureLabel: "arm64",
  foreignArchitectureLabels: ["x64"],
  tools: { node: "24.21.0" },
}

/** A machine with these files, by path, and nothing else. */
export function hostWith(files: Readonly<Record<string, string>> = {}, image: Partial<ImageFacts> = {}): Host {
  return {
    hostname: "c0ffee123456",
    uid: 1001,
    image: { ...IMAGE, ...image },
    readFile: (path) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" })
      return text
    },
    exists: (path) => path in files,
    identity: () => "r4nd0m",
  }
}
