import { printable } from "./text/printable.js"

/**
 * Every way in which a run can fail, in one table: what the code means and which exit code the command line returns.
 * The errors themselves are data (code, message, remedy); entry points turn them into text.
 */

/** Exit codes of the command line. */
export const EXIT = {
  ok: 0,
  buildFailed: 1,
  usage: 2,
  checksFailed: 3,
  authentication: 4,
  network: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

interface ErrorKind {
  exit: ExitCode
  meaning: string
}

export const ERRORS = {
  PLATFORM_INVALID: {
    exit: EXIT.usage,
    meaning: "A platform is not supported, or is given twice.",
  },
  VARIANT_INVALID: { exit: EXIT.usage, meaning: "A variant does not exist, or is given twice." },
  BASE_INVALID: {
    exit: EXIT.usage,
    meaning:
      "--base is not a base that images can be built on, or it lacks a package that a variant needs with these sources.",
  },
  DEFINITION_INVALID: { exit: EXIT.usage, meaning: "A definition file does not describe a variant." },
  SOURCES_INVALID: {
    exit: EXIT.usage,
    meaning: "--sources is not auto, upstream or registry, or does not suit the command.",
  },
  RUNNER_INVALID: { exit: EXIT.usage, meaning: "--runner is not auto, official or act." },
  MIRROR_INVALID: {
    exit: EXIT.usage,
    meaning: "--mirror is not a URL from which files can be fetched, or has no TLS where checksums are taken from it.",
  },
  COMPRESSION_INVALID: { exit: EXIT.usage, meaning: "--compression is not gzip, zstd or estargz." },
  USAGE: { exit: EXIT.usage, meaning: "The command line could not be understood." },
  OUTPUT_UNWRITABLE: {
    exit: EXIT.usage,
    meaning: "Standard output, the output folder or the cache folder cannot be written to.",
  },
  REFERENCE_INVALID: { exit: EXIT.usage, meaning: "A repository, tag or image reference is not well-formed." },
  TAG_TAKEN: { exit: EXIT.usage, meaning: "A tag with a whole version exists and points to another image." },
  TAG_LOSES_PLATFORM: {
    exit: EXIT.usage,
    meaning: "A tag would point to an image that lacks a platform of the one that it points to now.",
  },
  TAG_UNMARKED: {
    exit: EXIT.usage,
    meaning: "A tag would not say what is unusual about its image: an unofficial runner, sudo or root.",
  },
  TAG_HISTORY_UNKNOWN: {
    exit: EXIT.usage,
    meaning: "Nothing in the registry says what a tag pointed to before, or that image is gone.",
  },
  REPOSITORY_CHANGED: {
    exit: EXIT.network,
    meaning: "Somebody else changed tags of a repository while it was to be cleaned up.",
  },
  IMAGE_MISSING: { exit: EXIT.usage, meaning: "The registry has no such image." },
  ACT_RUNNER_REFUSED: {
    exit: EXIT.usage,
    meaning: "An image with the unofficial runner would be published without --runner act.",
  },
  LOCK_INVALID: {
    exit: EXIT.usage,
    meaning: "The lock file cannot be read, or names packages that are no longer in the archive.",
  },
  SNAPSHOT_INVALID: {
    exit: EXIT.usage,
    meaning:
      "--snapshot is not a service that has the archive as it was, or there is no lock whose packages it could have.",
  },
  ORIGINAL_INVALID: {
    exit: EXIT.usage,
    meaning: "What is to be reproduced is not a build of this project, or its report does not say how it was built.",
  },
  DIFF_INVALID: {
    exit: EXIT.usage,
    meaning: "What is to be compared is not a build of this project, or its files do not belong together.",
  },
  REPORT_INVALID: {
    exit: EXIT.usage,
    meaning: "A report cannot be read, or does not have what is to be made of it.",
  },
  KEY_INVALID: {
    exit: EXIT.usage,
    meaning: "A key to sign or to verify with cannot be read, or is not of a kind that images are signed with.",
  },
  TRUST_INVALID: {
    exit: EXIT.usage,
    meaning: "What an image is to be verified by is not given, not complete, or cannot be read.",
  },
  TRUST_UNAVAILABLE: {
    exit: EXIT.network,
    meaning:
      "The authorities and logs of sigstore's public servers, which an image is to be verified by, cannot be had.",
  },
  SIGNING_FAILED: {
    exit: EXIT.network,
    meaning: "A signature could not be certified or recorded, or there is no identity that it could be certified for.",
  },
  VERIFICATION_FAILED: {
    exit: EXIT.checksFailed,
    meaning: "An image is not what was signed, or evidence about it is missing or does not hold.",
  },
  PACKAGE_UNKNOWN: { exit: EXIT.usage, meaning: "The distribution's archive has no such package." },
  ALLOW_LIST_INVALID: {
    exit: EXIT.usage,
    meaning: "The list of allowed differences, or of accepted vulnerabilities, cannot be read.",
  },
  CATALOG_INVALID: { exit: EXIT.buildFailed, meaning: "The catalog of versions and checksums is invalid." },
  DOCKERFILE_OUTDATED: {
    exit: EXIT.checksFailed,
    meaning: "A Dockerfile is not what the catalog and the variants make of it.",
  },
  TOOL_UNKNOWN: { exit: EXIT.usage, meaning: "The catalog has no such tool." },
  CHECKSUM_UNKNOWN: {
    exit: EXIT.buildFailed,
    meaning: "The catalog has no checksum for a file that a build would use.",
  },
  RUNNER_OLD: {
    exit: EXIT.checksFailed,
    meaning: "A newer release of the GitHub Actions runner has been out for too long.",
  },
  DOWNLOAD_MISMATCH: {
    exit: EXIT.buildFailed,
    meaning: "A downloaded file does not have the checksum that the catalog records.",
  },
  SIGNATURE_INVALID: {
    exit: EXIT.buildFailed,
    meaning: "A file is not signed by whoever has to sign it, or has changed since.",
  },
  ARCHIVE_INVALID: {
    exit: EXIT.buildFailed,
    meaning: "A file of the distribution's archive does not fit its signed Release file, or is an old one.",
  },
  DOWNLOAD_FAILED: { exit: EXIT.network, meaning: "An upstream file could not be fetched." },
  BUILD_FAILED: { exit: EXIT.buildFailed, meaning: "A step of the build failed." },
  CHECKS_FAILED: { exit: EXIT.checksFailed, meaning: "An image was built, but its smoke tests failed." },
  CHECKS_INCONCLUSIVE: {
    exit: EXIT.checksFailed,
    meaning: "A smoke test had no answer in time, twice, and --native or publish requires one.",
  },
  NATIVE_REQUIRED: {
    exit: EXIT.usage,
    meaning: "--native was given, and the engine would have to emulate a platform, where some checks cannot run.",
  },
  REPRODUCTION_DIFFERS: {
    exit: EXIT.checksFailed,
    meaning: "An image that was built again from its report is not the same.",
  },
  BUILDS_DIFFER: {
    exit: EXIT.checksFailed,
    meaning: "Two builds differ, and diff was to say so with its exit code.",
  },
  VULNERABILITIES_FOUND: {
    exit: EXIT.checksFailed,
    meaning: "--fail-on was given, and an image has known vulnerabilities, or could not be looked up.",
  },
  PARITY_DIFFERS: {
    exit: EXIT.checksFailed,
    meaning:
      "A variant's images differ between platforms, or packages installed with native binaries differ from those installed by emulation.",
  },
  AUTHENTICATION: {
    exit: EXIT.authentication,
    meaning: "The registry refused the credentials, requires some, or does not let the account push.",
  },
  UPSTREAM_UNREACHABLE: { exit: EXIT.network, meaning: "Vendors' downloads cannot be reached." },
  REGISTRY_FAILED: {
    exit: EXIT.network,
    meaning: "The registry could not be reached, or returned something other than what was pushed.",
  },
  NETWORK_FAILED: { exit: EXIT.network, meaning: "A step of the build could not reach a server." },
  ENGINE_UNAVAILABLE: { exit: EXIT.buildFailed, meaning: "No Dagger engine was found, and none could be started." },
  ENGINE_LOST: { exit: EXIT.buildFailed, meaning: "The Dagger engine, or the session with it, ended during the work." },
  ENGINE_HOST: { exit: EXIT.buildFailed, meaning: "The host lacks something that the bare engine needs." },
  ENGINE_PHASE: { exit: EXIT.buildFailed, meaning: "A phase of bringing up the bare engine failed." },
  ENGINE_START: {
    exit: EXIT.buildFailed,
    meaning: "The bare engine was built but does not run, or Docker or podman cannot run the engine's container.",
  },
  ENGINE_DISK: { exit: EXIT.buildFailed, meaning: "There is too little disk space for the bare engine." },
  ENGINE_NETWORK: {
    exit: EXIT.network,
    meaning: "Packages, modules or base images of the bare engine cannot be fetched.",
  },
  ENGINE_PORT: { exit: EXIT.buildFailed, meaning: "Another program uses the local registry's port." },
  ENGINE_STATE: {
    exit: EXIT.buildFailed,
    meaning: "The bare engine's files are not as this version wrote them, or other users could replace them.",
  },
  HOST_UNFIT: { exit: EXIT.buildFailed, meaning: "doctor found something on this host that builds fail of." },
  ENGINE_BUSY: { exit: EXIT.buildFailed, meaning: "Another process holds the engine's lock." },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

interface ErrorOptions {
  cause?: unknown
  /** See {@link RunnerImagesError.details}. */
  details?: readonly string[]
}

/**
 * An error that is explained to the user without a stack trace.
 *
 * @example new RunnerImagesError("VARIANT_INVALID", 'There is no variant "chorme".', "Did you mean chrome?")
 */
export class RunnerImagesError extends Error {
  override readonly name = "RunnerImagesError"
  /** What is wrong, where, and why: one or two sentences with the offending value. */
  readonly problem: string
  /** What to do about it: one sentence, or the exact command. */
  readonly remedy: string
  /** What explains the problem, one item per line: the end of a command's output, the failed checks, the moved tags. */
  readonly details: readonly string[]

  /** Texts may quote what a user, a server or a program wrote: what a terminal would obey is escaped here, once for all errors. */
  constructor(
    readonly code: ErrorCode,
    problem: string,
    remedy: string,
    { details = [], ...options }: ErrorOptions = {},
  ) {
    const safe = { problem: printable(problem), remedy: printable(remedy), details: details.map(printable) }
    const lines = safe.details.map((line) => `\n  ${line}`).join("")
    super(`${safe.problem}${lines}${lines === "" ? " " : "\n"}${safe.remedy} [${code}]`, options)
    this.problem = safe.problem
    this.remedy = safe.remedy
    this.details = safe.details
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code].exit
  }
}
