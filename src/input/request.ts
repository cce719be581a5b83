import type { ArgumentsCamelCase, InferredOptionTypes } from "yargs"
import { parseMirror } from "../../dagger/src/core/text/mirror.js"
import { parseBase } from "../../dagger/src/core/variants/bases.js"
import { assertPlannable } from "../../dagger/src/core/plan/plan.js"
import { parsePlatforms } from "../../dagger/src/core/platforms.js"
import { parseSources, type BuildRequest } from "../../dagger/src/core/request/request.js"
import { parseVariants } from "../../dagger/src/core/variants/names.js"
import { assetsFolder, caBundle, readDefinition, readLock } from "./host-files.js"
import { listOf, type layerOptions, type requestOptions } from "./options.js"
import { parseCompression } from "../../dagger/src/core/request/compression.js"

export type RequestArguments = ArgumentsCamelCase<InferredOptionTypes<typeof requestOptions>> &
  Partial<InferredOptionTypes<typeof layerOptions>>

/** A request and the files of this host that go with it, all checked, before anything is started. */
export interface HostRequest {
  request: BuildRequest
  /** What the log should say of the request once the work begins. */
  notes: string[]
  /** Absolute path of the folder with upstream archives. */
  assets?: string
  /** Absolute path of the certificate authorities that downloads trust. */
  caBundle?: string
}

/** Checks everything that a user can have got wrong. Throws RunnerImagesError with exit code 2. */
export async function readRequest(given: RequestArguments): Promise<HostRequest> {
  const platforms = parsePlatforms(listOf(given.platforms))
  const bundle = caBundle(given.caBundle)
  const custom = given.definition === undefined ? undefined : await readDefinition(given.definition)
  const base = parseBase(given.base)
  const request: BuildRequest = {
    platforms,
    variants: parseVariants(listOf(given.variants), custom?.name),
    ...(custom ? { custom } : {}),
    sources: parseSources(given.sources),
    base,
    sudo: given.sudo,
    root: given.root,
    cjkFonts: given.cjkFonts,
    refresh: given.refresh,
    native: given.native,
    compression: parseCompression(given.compression),
    ...(given.mirror === undefined ? {} : { mirror: parseMirror(given.mirror) }),
    ...(given.lock === undefined ? {} : { lock: await readLock(given.lock, platforms, base) }),
  }
  assertPlannable(request)
  return {
    request,
    notes: [],
    ...(given.assets === undefined ? {} : { assets: assetsFolder(given.assets) }),
    ...(bundle === undefined ? {} : { caBundle: bundle }),
  }
}
