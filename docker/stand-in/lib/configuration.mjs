import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Failure } from "./failure.mjs"
import { ROOT } from "./version.mjs"

/**
 * The file `.runner`, in the real runner's form.
 *
 * @typedef {object} Settings
 * @property {number} agentId
 * @property {string} agentName
 * @property {number} poolId
 * @property {string} poolName
 * @property {string} serverUrl
 * @property {string} [gitHubUrl] missing when a server made the configuration
 * @property {string} workFolder
 * @property {boolean} [ephemeral]
 * @property {boolean} [disableUpdate]
 * @property {boolean} useV2Flow
 * @property {boolean} [useRunnerAdminFlow]
 * @property {string} serverUrlV2 where jobs are asked for
 */

/**
 * The file `.credentials`, in the real runner's form.
 *
 * @typedef {object} Credentials
 * @property {"OAuth"} scheme
 * @property {{ clientId: string, authorizationUrl: string }} data
 */

/** Which files make a configuration, and who may read them. `.runner` last: with it a runner counts as configured. */
const FILES = /** @type {const} */ ({ ".credentials_rsaparams": 0o600, ".credentials": 0o600, ".runner": 0o644 })

/** @typedef {keyof typeof FILES} ConfigurationFile */

/**
 * @param {string} name
 * @returns {name is ConfigurationFile}
 */
export function isConfigurationFile(name) {
  return name in FILES
}

/**
 * @returns {Settings | undefined} undefined when the runner is not configured
 * @throws {Failure} when the file is damaged
 */
export function readSettings() {
  let text
  try {
    text = readFileSync(join(ROOT, ".runner"), "utf8")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw new Failure(`The configuration ${join(ROOT, ".runner")} cannot be read: ${codeOf(error) ?? String(error)}.`)
  }
  try {
    // The real runner writes a byte order mark.
    const settings = JSON.parse(text.replace(/^\ufeff/, ""))
    if (typeof settings.agentName === "string" && typeof settings.serverUrlV2 === "string") return settings
  } catch {
    // Told below, as for JSON of another form.
  }
  throw new Failure(
    `The configuration ${join(ROOT, ".runner")} is damaged. Take it away with ./config.sh remove --local, and configure again.`,
  )
}

/**
 * What the runner is known by to the server.
 *
 * @returns {{ credentials: Credentials, key: string }} the key as its file has it
 * @throws {Failure} when a file is missing or damaged
 */
export function readCredentials() {
  try {
    const text = readFileSync(join(ROOT, ".credentials"), "utf8")
    const credentials = JSON.parse(text.replace(/^\ufeff/, ""))
    const key = readFileSync(join(ROOT, ".credentials_rsaparams"), "utf8").replace(/^\ufeff/, "")
    JSON.parse(key)
    if (typeof credentials.data.clientId === "string") return { credentials, key }
  } catch {
    // Told below, whatever it was.
  }
  throw new Failure(
    "The runner's credentials are missing or damaged. Take the configuration away, and configure again.",
  )
}

/**
 * Writes files of a configuration: all, or none.
 *
 * @param {Partial<Record<ConfigurationFile, string>>} texts
 * @throws {Failure} when one cannot be written, or is there already
 */
export function writeConfiguration(texts) {
  /** @type {ConfigurationFile[]} */
  const written = []
  for (const [name, mode] of Object.entries(FILES)) {
    if (!isConfigurationFile(name)) continue
    const text = texts[name]
    if (text === undefined) continue
    try {
      // Never over another file: it might be open to more readers than this one may have.
      writeFileSync(join(ROOT, name), text, { mode, flag: "wx" })
      written.push(name)
    } catch (error) {
      for (const done of written) rmSync(join(ROOT, done), { force: true })
      throw new Failure(`${join(ROOT, name)} cannot be written: ${codeOf(error) ?? String(error)}.`)
    }
  }
}

/**
 * Takes every file of a configuration away.
 *
 * @returns {boolean} whether there was any
 */
export function removeConfiguration() {
  let found = false
  for (const name of Object.keys(FILES).reverse()) {
    try {
      rmSync(join(ROOT, name))
      found = true
    } catch (error) {
      if (codeOf(error) !== "ENOENT")
        throw new Failure(`${join(ROOT, name)} cannot be removed: ${codeOf(error) ?? String(error)}.`)
    }
  }
  return found
}

/**
 * @param {unknown} error
 * @returns {string | undefined} `ENOENT`
 */
function codeOf(error) {
  return error instanceof Error && "code" in error ? String(error.code) : undefined
}
