import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Files by which a step sets what later ones have. */
const FILES = /** @type {const} */ ([
  "GITHUB_ENV",
  "GITHUB_PATH",
  "GITHUB_OUTPUT",
  "GITHUB_STEP_SUMMARY",
  "GITHUB_STATE",
])

/**
 * The environment from step to step.
 *
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#environment-files
 */
export class FileCommands {
  #folder
  #environment

  /**
   * @param {string} folder for the files
   * @param {NodeJS.ProcessEnv} environment of the first step
   */
  constructor(folder, environment) {
    this.#folder = folder
    this.#environment = environment
  }

  /** @returns {NodeJS.ProcessEnv} for the next step, with empty files */
  begin() {
    const files = FILES.map((name) => /** @type {const} */ ([name, join(this.#folder, name.toLowerCase())]))
    for (const [, file] of files) writeFileSync(file, "")
    return { ...this.#environment, ...Object.fromEntries(files) }
  }

  /** Reads what the step wrote. */
  end() {
    Object.assign(this.#environment, variablesOf(this.#read("GITHUB_ENV")))
    const paths = this.#read("GITHUB_PATH")
      .split("\n")
      .filter((line) => line !== "")
    if (paths.length > 0) this.#environment.PATH = [...paths.reverse(), this.#environment.PATH].join(":")
  }

  /** @param {typeof FILES[number]} name */
  #read(name) {
    try {
      return readFileSync(join(this.#folder, name.toLowerCase()), "utf8")
    } catch {
      return ""
    }
  }
}

/**
 * `NAME=value`, or `NAME<<END`, lines, `END`.
 *
 * @param {string} text
 */
function variablesOf(text) {
  /** @type {Record<string, string>} */
  const variables = {}
  const lines = text.split("\n")
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    const [, name = "", operator, rest = ""] = /^([^=<]+)(=|<<)(.*)$/.exec(line) ?? []
    if (operator === "=") variables[name] = rest
    if (operator !== "<<") continue
    const end = lines.indexOf(rest)
    if (end === -1) continue
    variables[name] = lines.splice(0, end).join("\n")
    lines.shift()
  }
  return variables
}
