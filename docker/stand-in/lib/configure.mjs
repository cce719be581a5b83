import { hostname } from "node:os"
import { readSettings, removeConfiguration, writeConfiguration } from "./configuration.mjs"
import { Failure } from "./failure.mjs"
import { GitHub } from "./github.mjs"
import { createKey } from "./rsa-key.mjs"
import { hide } from "./secrets.mjs"
import { version } from "./version.mjs"

/** GitHub's limits. */
const LONGEST_NAME = 64
const LONGEST_LABEL = 256

/** @typedef {{ terminal: import("./terminal.mjs").Terminal, seconds: import("./seconds.mjs").Seconds }} Context */

/**
 * Configures the runner: registers it and writes down as whom.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {Context} context
 * @throws {Failure} when something is missing or wrong, the server refuses, or the runner is configured already
 */
export async function configure({ values, flags }, { terminal, seconds }) {
  if (readSettings())
    throw new Failure(
      "Cannot configure the runner because it is already configured. To reconfigure the runner, run './config.sh remove' first.",
    )
  const url = readUrl(values.url)
  if (values.token === undefined)
    throw new Failure("--token is missing: a registration token from the repository's settings.")
  hide(values.token)
  const name = values.name ?? hostname()
  if (name.length > LONGEST_NAME)
    throw new Failure(`--name has ${name.length} characters; ${LONGEST_NAME} are allowed.`)
  const labels = readLabels(values.labels, flags["no-default-labels"] === true)

  terminal.line(`Stand-in runner ${version()}. This is not the GitHub Actions runner.`)
  const github = new GitHub(url, values.token, terminal, seconds)
  terminal.section("Authentication")
  const { url: serverUrl } = await github.connect("register")
  terminal.line()
  terminal.success("Connected to GitHub")

  terminal.section("Runner Registration")
  const group = await chooseGroup(github, values.runnergroup)
  const existing = await github.find(name)
  if (existing !== undefined) terminal.line("A runner exists with the same name")
  if (existing !== undefined && !flags.replace) throw new Failure(`A runner exists with the same name ${name}.`)
  const { file, publicXml } = await createKey()
  const added = await github.register({
    group_id: group.id,
    name,
    version: version(),
    updates_disabled: flags.disableupdate === true,
    ephemeral: flags.ephemeral === true,
    labels,
    public_key: publicXml,
    ...(existing !== undefined && { runner_id: existing, replace: true }),
  })
  terminal.success(existing === undefined ? "Runner successfully added" : "Successfully replaced the runner")

  terminal.section("Runner settings")
  /** @type {import("./configuration.mjs").Settings} */
  const settings = {
    agentId: added.id,
    agentName: name,
    poolId: group.id,
    poolName: group.name,
    ...(flags.disableupdate && { disableUpdate: true }),
    ...(flags.ephemeral && { ephemeral: true }),
    serverUrl: String(serverUrl),
    gitHubUrl: url.href,
    workFolder: values.work ?? "_work",
    useV2Flow: true,
    useRunnerAdminFlow: true,
    serverUrlV2: added.authorization.server_url,
  }
  /** @type {import("./configuration.mjs").Credentials} */
  const credentials = {
    scheme: "OAuth",
    data: { clientId: added.authorization.client_id, authorizationUrl: added.authorization.authorization_url },
  }
  writeConfiguration({
    ".credentials_rsaparams": file,
    ".credentials": asText(credentials),
    ".runner": asText(settings),
  })
  terminal.line()
  terminal.success("Settings Saved.")
  terminal.line()
}

/**
 * @param {GitHub} github
 * @param {string | undefined} wanted
 */
async function chooseGroup(github, wanted) {
  const groups = await github.groups()
  const found = groups.find((group) =>
    wanted === undefined ? group.default : group.name.toLowerCase() === wanted.toLowerCase(),
  )
  if (found) return found
  const named = wanted === undefined ? "s. Contact support" : ` named "${wanted}"`
  throw new Failure(`Could not find any self-hosted runner group${named}.`)
}

/**
 * Takes the runner off the server's list, and its configuration away. Doing so twice is no error.
 *
 * @param {import("./arguments.mjs").Arguments} given
 * @param {Context} context
 * @throws {Failure} when there is no token, and not even a local removal was asked for; when the server refuses
 */
export async function remove({ values, flags }, { terminal, seconds }) {
  if (flags.local) return removeFiles(terminal)
  if (values.token === undefined)
    throw new Failure("--token is missing: a removal token, or --local to remove the files of this machine only.")
  hide(values.token)
  terminal.section("Runner removal")
  const settings = readSettings()
  if (!settings) {
    terminal.line(
      "Cannot connect to server, because config files are missing. Skipping removing runner from the server.",
    )
    return removeFiles(terminal)
  }
  const github = new GitHub(new URL(settings.gitHubUrl ?? settings.serverUrl), values.token, terminal, seconds)
  try {
    await github.remove(settings.agentId)
  } catch (error) {
    terminal.error("Failed: Removing runner from the server")
    // As an older version of the real runner has it.
    if (error instanceof Failure && error.message.includes("422"))
      throw new Failure(`Runner "${settings.agentName}" is still running a job. ${error.message}`)
    throw error
  }
  terminal.line()
  terminal.success("Runner removed successfully")
  removeFiles(terminal)
}

/** @param {import("./terminal.mjs").Terminal} terminal */
function removeFiles(terminal) {
  const found = removeConfiguration()
  for (const file of [".credentials", ".runner"])
    if (found) terminal.success(`Removed ${file}`)
    else terminal.line(`Does not exist. Skipping Removing ${file}`)
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
 * @returns {{ name: string, type: "System" | "User" }[]}
 */
function readLabels(given, onlyGiven) {
  const own = given === undefined ? [] : given.split(",").map((label) => label.trim())
  if (own.some((label) => label === "")) throw new Failure(`--labels ${given} has an empty label.`)
  if (own.some((label) => label.length > LONGEST_LABEL))
    throw new Failure(`--labels has a label of more than ${LONGEST_LABEL} characters.`)
  if (onlyGiven && own.length === 0) throw new Failure("--no-default-labels needs labels of your own: --labels")
  const common = onlyGiven ? [] : ["self-hosted", "Linux", process.arch.toUpperCase()]
  const seen = new Set(common.map((label) => label.toLowerCase()))
  const added = own.filter((label) => !seen.has(label.toLowerCase()) && seen.add(label.toLowerCase()))
  return [
    ...common.map((name) => /** @type {const} */ ({ name, type: "System" })),
    ...added.map((name) => /** @type {const} */ ({ name, type: "User" })),
  ]
}

/** @param {object} content */
function asText(content) {
  return `${JSON.stringify(content, null, 2)}\n`
}
