import type { Options } from "yargs"
import type { StatementSigner } from "../../dagger/src/core/evidence/evidence.js"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { readable, textOf } from "./host-files.js"

/** Bytes; an RSA key of 16,384 bits has 13,000. */
const LONGEST_KEY = 64e3
const GROUP = "Signing:"

/** There is no option for a passphrase itself: command lines end up in process lists, shell histories and CI logs. */
export const signingOptions = {
  "sign-key": {
    type: "string",
    requiresArg: true,
    describe: "Private key that signs the images and what is attached to them: PEM, or as cosign writes it",
    group: GROUP,
  },
  "sign-key-passphrase-env": {
    type: "string",
    requiresArg: true,
    describe: "Environment variable that holds the passphrase of that key",
    group: GROUP,
  },
  keyless: {
    type: "boolean",
    default: false,
    describe: "Sign with the identity of this CI job, for which sigstore makes a certificate, instead of a key",
    group: GROUP,
  },
  "fulcio-url": {
    type: "string",
    requiresArg: true,
    describe: "With --keyless: the certificate authority [default: sigstore's public one]",
    group: GROUP,
  },
  "rekor-url": {
    type: "string",
    requiresArg: true,
    describe: "Transparency log that records signatures [default with --keyless: sigstore's public one]",
    group: GROUP,
  },
  "timestamp-url": {
    type: "string",
    requiresArg: true,
    describe: "Timestamp authority (RFC 3161) that says when signatures were made",
    group: GROUP,
  },
} as const satisfies Record<string, Options>

interface Given {
  signKey: string | undefined
  signKeyPassphraseEnv: string | undefined
  keyless: boolean
  fulcioUrl: string | undefined
  rekorUrl: string | undefined
  timestampUrl: string | undefined
}

/**
 * The signer that the options ask for.
 *
 * @returns undefined if nothing is to be signed
 * @throws RunnerImagesError USAGE, KEY_INVALID or SIGNING_FAILED
 */
export async function readSigner(given: Given): Promise<StatementSigner | undefined> {
  const { signKey, signKeyPassphraseEnv: variable, keyless, fulcioUrl, rekorUrl, timestampUrl } = given
  const { signerOf } = await import("../../dagger/src/pipeline/evidence/signer-of.js")
  return signerOf({
    ...(signKey === undefined ? {} : { key: { text: keyText(signKey), origin: `--sign-key ${signKey}` } }),
    ...(variable === undefined ? {} : { passphrase: passphrase(variable) }),
    ...(keyless ? { token: ciToken } : {}),
    ...(fulcioUrl === undefined ? {} : { fulcio: fulcioUrl }),
    ...(rekorUrl === undefined ? {} : { rekor: rekorUrl }),
    ...(timestampUrl === undefined ? {} : { timestamps: timestampUrl }),
  })
}

async function ciToken(): Promise<string> {
  const { ciIdentityToken } = await import("../../dagger/src/pipeline/evidence/signers.js")
  return ciIdentityToken()
}

function keyText(given: string): string {
  const path = readable(given, "file", "USAGE", "--sign-key")
  return textOf(path, LONGEST_KEY, "USAGE", "--sign-key")
}

function passphrase(name: string): string {
  const value = process.env[name]
  if (value === undefined)
    throw new RunnerImagesError(
      "USAGE",
      `--sign-key-passphrase-env: the environment variable ${name} is not set.`,
      `Set ${name}.`,
    )
  return value
}
