import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { readSettings, removeConfiguration, writeConfiguration } from "./configuration.mjs"
import { Failure } from "./failure.mjs"

/** GitHub's limits. */
const LONGEST_NAME = 64
const LONGEST_LABEL = 256

/**
 * Configures the runner: checks what was given and writes it down. This version registers with no server.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {(line: string) => void} say
 * @throws {Failure} when something is missing or wrong, or the runner is configured already
 */
export function configure({ values, flags }, say) {
  if (readSettings())
    throw new Failure(
      "This runner is already configured. To configure it again, take its configuration away first: ./config.sh remove",
    )
  const url = readUrl(values.url)
  // Nothing is done with the token yet, and it is never written down.
  if (values.token === undefined)
    throw new Failure("--token is missing: a registration token from the repository's settings.")
  const name = values.name ?? hostname()
  if (name.length > LONGEST_NAME)
    throw new Failure(`--name has ${name.length} characters; ${LONGEST_NAME} are allowed.`)
  const labels = readLabels(values.labels, flags["no-default-labels"] === true)

  /** @type {import("./configuration.mjs").Settings} */
  const settings = {
    agentName: name,
    poolName: values.runnergroup ?? "Default",
    serverUrl: url.href,
    gitHubUrl: url.href,
    workFolder: values.work ?? "_work",
    ...(flags.ephemeral && { ephemeral: true }),
    ...(flags.disableupdate && { disableUpdate: true }),
  }
  /** @type {import("./configuration.mjs").Credentials} */
  const credentials = { scheme: "OAuth", data: { clientId: randomUUID(), authorizationUrl: `${url.origin}/` } }
  writeConfiguration({ ".credentials": asText(credentials), ".runner": asText(settings) })
  say(`Configured as ${name} for ${url.href}, with the labels ${labels.join(", ")}.`)
  say("It is known to no server: this version of the stand-in runner does not register.")
}

/**
 * Takes the configuration away. Doing so twice is no mistake.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {(line: string) => void} say
 * @throws {Failure} when there is no token, and not even a local removal was asked for
 */
export function remove({ values, flags }, say) {
  if (!flags.local && values.token === undefined)
    throw new Failure("--token is missing: a removal token, or --local to remove the files of this machine only.")
  say(removeConfiguration() ? "The configuration was removed." : "There was no configuration to remove.")
}

/**
 * @param {string | undefined} given
 * @returns {URL}
 */
function readUrl(given) {
  if (given === undefined) throw new Failure("--url is missing: the repository, organisation or enterprise to serve.")
  const wrong = (/** @type {string} */ why) =>
    new Failure(
      `--url ${given} ${why}. Give one like https://github.com/OWNER/REPOSITORY or https://github.com/ORGANISATION.`,
    )
  if (!URL.canParse(given)) throw wrong("is no URL")
  const url = new URL(given)
  if (url.protocol !== "https:" && url.protocol !== "http:") throw wrong("is neither https nor http")
  if (url.username !== "" || url.password !== "") throw new Failure("--url has credentials in it; leave them out.")
  const parts = url.pathname.split("/").filter((part) => part !== "")
  if (parts.length === 0 || parts.length > 2) throw wrong("names no repository, organisation or enterprise")
  return url
}

/**
 * @param {string | undefined} given
 * @param {boolean} onlyGiven without those that every runner has
 * @returns {string[]}
 */
function readLabels(given, onlyGiven) {
  const own = given === undefined ? [] : given.split(",").map((label) => label.trim())
  if (own.some((label) => label === "")) throw new Failure(`--labels ${given} has an empty label.`)
  if (own.some((label) => label.length > LONGEST_LABEL))
    throw new Failure(`--labels has a label of more than ${LONGEST_LABEL} characters.`)
  if (onlyGiven && own.length === 0) throw new Failure("--no-default-labels needs labels of your own: --labels")
  const common = onlyGiven ? [] : ["self-hosted", "Linux", process.arch.toUpperCase()]
  return [...new Set([...common, ...own])]
}

/** @param {object} content */
function asText(content) {
  return `${JSON.stringify(content, null, 2)}\n`
}
