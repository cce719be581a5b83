// Finds what must not be in an image that others can read: tokens, stored credentials. keys.mjs finds private keys.
import { basename } from "node:path"

/** Larger files are not written by hand, nor by a login. */
export const LARGEST_SECRET_FILE = 65_536

/** Where a build step or a person puts things. */
const WRITTEN_BY_HAND = /^\/(?:etc|home|opt|root|srv|usr\/local)\//
/** Keys elsewhere, with which tokens may be. */
const KEY_FILE = /\.(?:pem|key|p8|ppk|pfx)$|^id_[a-z0-9]+$|_key$/

/** Tokens that their issuers made recognisable. */
const TOKENS = [
  ["GitHub token", /\bgh[pousr]_[A-Za-z0-9]{36}\b/],
  ["GitHub token", /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/],
  ["npm token", /\bnpm_[A-Za-z0-9]{36}\b/],
  // AWS' manuals have keys that end in EXAMPLE.
  ["AWS access key", /\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b/],
  ["GitLab token", /\bglpat-[A-Za-z0-9_-]{20}\b/],
  ["Docker token", /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}/],
  ["Google API key", /\bAIza[A-Za-z0-9_-]{35}\b/],
  ["Slack token", /\bxox[baprs]-[0-9]{10,}-[A-Za-z0-9-]{10,}/],
]

/** Files that logins write: by name, and what in them is a credential. A reference to a variable is none. */
const CREDENTIALS = {
  ".npmrc": /^\s*[^#;\s].*(?:_authToken|_auth|_password)\s*=\s*["']?(?!\$)[^\s"']+/m,
  ".yarnrc.yml": /npmAuthToken:\s*["']?(?!\$)[^\s"']+/,
  ".netrc": /\bpassword\s+\S+/,
  ".git-credentials": /:\/\/[^/\s:@]*:[^/\s@]+@/,
  ".pypirc": /^\s*password\s*[:=]\s*\S+/m,
  "pip.conf": /:\/\/[^/\s:@]*:[^/\s@$]+@/,
  "config.json": /"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]+"/,
  "auth.json": /"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]+"/,
  "hosts.yml": /\boauth_token:\s*\S+/,
  credentials: /^\s*aws_secret_access_key\s*=\s*\S+/m,
}

/** Whether a file is of those that hold tokens and credentials. @param {string} path */
export function mayHoldSecrets(path) {
  const name = basename(path)
  return WRITTEN_BY_HAND.test(path) || KEY_FILE.test(name) || Object.hasOwn(CREDENTIALS, name)
}

/** What kinds of secrets are in a file; never the secrets themselves. @param {string} path @param {Buffer} content @returns {string[]} */
export function secretsIn(path, content) {
  if (content.includes(0)) return []
  const text = content.toString("latin1")
  const name = basename(path)
  const found = TOKENS.filter(([, pattern]) => pattern.test(text)).map(([kind]) => kind)
  if (Object.hasOwn(CREDENTIALS, name) && CREDENTIALS[name].test(text)) found.push("credentials")
  return [...new Set(found)]
}
