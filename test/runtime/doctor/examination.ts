import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Examination } from "../../../docker/runtime/src/doctor/examination/examination.js"
import type { ImageFacts } from "../../../docker/runtime/src/image-facts.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

export const image: ImageFacts = {
  variant: "standard",
  version: "0.1.0",
  platform: "linux/riscv64",
  base: "debian:trixie-slim",
  runner: { kind: "official", version: "2.338.0" },
  architectureLabel: "riscv64",
  foreignArchitectureLabels: [],
  tools: { node: "24.21.0", jq: "1.8.2", "docker-compose": "5.6.0" },
}

/** What checks look at, on this machine, without a configuration or a network. */
export function examination(given: Partial<Examination> = {}): Examination {
  return {
    warnings: [],
    environment: { PATH: process.env.PATH ?? "" },
    image,
    root: "/",
    home: "/home/runner",
    user: () => ({ uid: 1001, givesWorkFolder: false }),
    api: () => Promise.resolve(undefined),
    github: () => Promise.resolve(undefined),
    ...given,
  }
}

/** The same in an image that is for browsers. */
export const browserExamination = (given: Partial<Examination> = {}): Examination =>
  examination({ image: { ...image, variant: "chrome" }, ...given })

/** A new folder with these files, by their paths below it. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder("doctor")
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text, { mode: 0o755 })
  }
  return folder
}
