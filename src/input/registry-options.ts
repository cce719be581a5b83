import type { Options } from "yargs"
import { credentialOptions, plainHttpOption, readCredentials, type Credentials } from "./credentials.js"
import { caBundle } from "./host-files.js"
import { answerOptions, engineOptions, requestOptions } from "./options.js"

/** For every command that works on images in a registry. */
export const registryOptions = {
  "ca-bundle": {
    ...requestOptions["ca-bundle"],
    describe: "PEM file with the certificate authorities that are trusted [default: this host's]",
    group: "Credentials:",
  },
  ...credentialOptions,
  ...plainHttpOption,
  ...answerOptions,
  ...engineOptions,
} as const satisfies Record<string, Options>

/** For every command that sets tags. */
export const tagOptions = {
  force: {
    type: "boolean",
    default: false,
    describe: "Move tags with a whole version, and let tags other than latest lose a platform",
    group: "Tags:",
  },
  "dry-run": {
    type: "boolean",
    default: false,
    describe: "Check everything, say what would be done, and change nothing",
    group: "Tags:",
  },
} as const satisfies Record<string, Options>

/** How a registry is reached. */
export interface GivenRegistry {
  credentials: Credentials | undefined
  /** Absolute path. */
  caBundle: string | undefined
  /** The registry has no TLS, although it is not on this machine. */
  plainHttp: boolean
  bareEngine: boolean
}

/** @throws RunnerImagesError USAGE */
export function readRegistry(given: {
  username: string | undefined
  passwordEnv: string | undefined
  passwordFile: string | undefined
  caBundle: string | undefined
  plainHttp: boolean
  noBareEngine: boolean
}): GivenRegistry {
  return {
    credentials: readCredentials(given),
    caBundle: caBundle(given.caBundle),
    plainHttp: given.plainHttp,
    bareEngine: !given.noBareEngine,
  }
}
