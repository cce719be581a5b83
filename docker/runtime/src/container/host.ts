import { existsSync, readFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import type { Host } from "../configuration/host.js"
import { readImageFacts } from "../image-facts.js"
import type { ImagePaths } from "../image-paths.js"
import { containerIdentity } from "./accounts/identity.js"

/** What reading the configuration needs from this container. */
export function containerHost({ library }: ImagePaths): Host {
  return {
    hostname: hostname(),
    uid: process.getuid?.() ?? 0,
    image: readImageFacts(join(library, "image.json")),
    readFile: (path) => readFileSync(path, "utf8"),
    exists: (path) => existsSync(path),
    identity: () => containerIdentity(),
  }
}
