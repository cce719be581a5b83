import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { z } from "zod"
import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import { freeBytes, hostFacts } from "../engine/bare/host/host.js"
import { PINS_FILE, PROJECT_ROOT } from "../host/paths.js"
import type { World } from "./examination/examination.js"

/** Programs and servers that are well answer within a fraction of it, also on a busy machine. */
const PATIENCE_MILLISECONDS = 5000

/** The registry that `debian:…` is short for. */
const IMAGE_REGISTRY = "https://registry-1.docker.io/v2/"

/** This host. */
export function thisHost(mirror: Mirror | undefined, ca: string | undefined): World {
  return {
    env: process.env,
    root: "/",
    facts: hostFacts(process.env),
    nodeVersion: process.version,
    nodeNeeded: neededNode(),
    output: resolve("dist"),
    pins: PINS_FILE,
    mirror,
    imageRegistry: IMAGE_REGISTRY,
    ca,
    now: () => new Date(),
    freeBytes,
    patience: PATIENCE_MILLISECONDS,
  }
}

const manifestSchema = z.object({ engines: z.object({ node: z.string() }) })

function neededNode(): string {
  return manifestSchema.parse(JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8"))).engines.node
}
