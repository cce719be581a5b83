import { isConfigurationFile, readSettings, removeConfiguration, writeConfiguration } from "./configuration.mjs"
import { Failure } from "./failure.mjs"

/**
 * Writes the configuration that a server made for a single run (`run.sh --jitconfig`): base64 of a JSON object,
 * the names of configuration files to their contents in base64.
 *
 * @param {string} encoded
 * @throws {Failure} when it is not of that form, or the runner is configured already
 */
export function configureJustInTime(encoded) {
  const texts = decode(encoded)
  if (readSettings())
    throw new Failure("--jitconfig is for a runner without configuration, and this one has one: ./config.sh remove")
  writeConfiguration(texts)
  try {
    readSettings()
  } catch {
    removeConfiguration()
    throw new Failure("--jitconfig has no proper .runner in it.")
  }
}

/** @param {string} encoded */
function decode(encoded) {
  const damaged = new Failure("--jitconfig is not what a server hands out for it: base64 of a JSON object.")
  /** @type {unknown} */
  let content
  try {
    content = JSON.parse(text(encoded))
  } catch {
    throw damaged
  }
  if (typeof content !== "object" || content === null || !(".runner" in content)) throw damaged
  /** @type {Partial<Record<import("./configuration.mjs").ConfigurationFile, string>>} */
  const texts = {}
  for (const [name, value] of Object.entries(content)) {
    if (!isConfigurationFile(name) || typeof value !== "string")
      throw new Failure(`--jitconfig has "${name}" in it, which is no configuration file.`)
    texts[name] = text(value)
  }
  return texts
}

/** @param {string} base64 */
function text(base64) {
  return Buffer.from(base64, "base64").toString("utf8")
}
