import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { z } from "zod"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import type { Mirror } from "../../dagger/src/core/text/mirror.js"
import { freeBytes, hostFacts } from "../engine/bare/host/host.js"
import { caBundle } from "../input/host-files.js"
import { PINS_FILE, PROJECT_ROOT } from "../host/paths.js"
import type { World } from "./examination/examination.js"

/** Programs and servers that are well answer within a fraction of it, also on a busy machine. */
const PATIENCE_MILLISECONDS = 5000

/** The registry that `debian:…` is short for. */
const IMAGE_REGISTRY = "https://registry-1.docker.io/v2/"

/**
 * This host.
 *
 * @param bundle path of the bundle of certificate authorities; by default the one that builds find
 */
export function thisHost(mirror: Mirror | undefined, bundle: string | undefined): World {
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
    trust: trustOf(bundle),
    now: () => new Date(),
    freeBytes,
    patience: PATIENCE_MILLISECONDS,
  }
}

/** A bundle that cannot be read ends a build. Here it is what is looked for. */
function trustOf(bundle: string | undefined): World["trust"] {
  try {
    const path = caBundle(bundle)
    return path === undefined ? {} : { path, pem: readFileSync(path, "utf8") }
  } catch (fault) {
    if (!(fault instanceof RunnerImagesError)) throw fault
    return { fault }
  }
}

const manifestSchema = z.object({ engines: z.object({ node: z.string() }) })

function neededNode(): string {
  return manifestSchema.parse(JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8"))).engines.node
}
