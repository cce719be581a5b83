import type { ArgumentsCamelCase, InferredOptionTypes } from "yargs"
import { composeRequest } from "../../dagger/src/core/plan/compose-request.js"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"
import { assetsFolder, caBundle, readDefinition, readLock } from "./host-files.js"
import { listOf, type layerOptions, type requestOptions } from "./options.js"

export type RequestArguments = ArgumentsCamelCase<InferredOptionTypes<typeof requestOptions>> &
  Partial<InferredOptionTypes<typeof layerOptions>>

/** A request and the files of this host that go with it, all checked, before anything is started. */
export interface HostRequest {
  request: BuildRequest
  /** Lines about the request for the log, written once the work begins. */
  notes: string[]
  /** Absolute path of the folder with upstream archives. */
  assets?: string
  /** Absolute path of the certificate authorities that downloads trust. */
  caBundle?: string
}

/** Checks everything that a user can get wrong. Throws RunnerImagesError with exit code 2. */
export function readRequest(given: RequestArguments): HostRequest {
  const bundle = caBundle(given.caBundle)
  const request = composeRequest({
    ...given,
    platforms: listOf(given.platforms),
    variants: listOf(given.variants),
    definition: given.definition === undefined ? undefined : readDefinition(given.definition),
    lock: given.lock === undefined ? undefined : readLock(given.lock),
  })
  return {
    request,
    notes: [],
    ...(given.assets === undefined ? {} : { assets: assetsFolder(given.assets) }),
    ...(bundle === undefined ? {} : { caBundle: bundle }),
  }
}
