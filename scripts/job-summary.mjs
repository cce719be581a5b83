// Prints reports in Markdown for the summary page of a job in CI, cut to what the page takes:
//
//   node scripts/job-summary.mjs dist/*/report.md >> "$GITHUB_STEP_SUMMARY"
//
// GitHub shows nothing of a step's summary that is larger than 1 MiB. A report that does not fit is cut at the end of a line, and says so;
// what short reports leave of the limit, longer ones get. Without dependencies, so that jobs need no installation before it.
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { parseArgs } from "node:util"

/** Bytes. GitHub's limit is 1 MiB. */
const LIMIT = 1_000_000
/** Bytes of the line that says that something was cut, and of what closes a folded part. */
const NOTE = 300

/** What the user got wrong, and what to do about it. */
class UsageError extends Error {}

/** @param {string} text */
const bytes = (text) => Buffer.byteLength(text)

/**
 * The longest beginning of a document that fits, in whole lines, with everything closed that it opens.
 *
 * @param {string} name
 * @param {string} text
 * @param {number} limit in bytes
 */
function cut(name, text, limit) {
  if (bytes(text) <= limit) return text
  const opened = { details: 0, code: false }
  let [kept, size] = ["", 0]
  for (const line of text.split(/(?<=\n)/)) {
    size += bytes(line)
    if (size > limit - NOTE) break
    kept += line
    if (line.startsWith("```")) opened.code = !opened.code
    else if (!opened.code) opened.details += count(line, "<details>") - count(line, "</details>")
  }
  const note = `**Cut here**: ${name} has ${bytes(text)} bytes, ${bytes(kept)} of them are above. The whole report is an artifact of this run.`
  const closing = [...(opened.code ? ["```"] : []), ...Array.from({ length: opened.details }, () => "</details>")]
  return `${[kept.trimEnd(), ...closing, note].join("\n\n")}\n`
}

/**
 * @param {string} line
 * @param {string} word
 */
function count(line, word) {
  return line.split(word).length - 1
}

/**
 * The documents, together no longer than the limit. The shortest are served first: none gets less than its equal share.
 *
 * @param {readonly { name: string, text: string }[]} documents
 * @param {number} limit in bytes
 */
function fit(documents, limit) {
  const separators = documents.length - 1
  let left = limit - separators
  /** @type {Map<object, string>} */
  const fitted = new Map()
  const shortestFirst = [...documents].sort((a, b) => bytes(a.text) - bytes(b.text))
  for (const [index, document] of shortestFirst.entries()) {
    const share = cut(document.name, document.text, Math.floor(left / (documents.length - index)))
    fitted.set(document, share)
    left -= bytes(share)
  }
  return documents.map((document) => fitted.get(document)).join("\n")
}

/** @param {string} path */
function read(path) {
  try {
    return { name: basename(path), text: readFileSync(path, "utf8") }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it is not readable"
    throw new UsageError(`${path} cannot be read: ${code}\nGive the path of a report.md.`)
  }
}

function main() {
  const { values, positionals } = given()
  const limit = values.limit === undefined ? LIMIT : Number(values.limit)
  if (!Number.isSafeInteger(limit))
    throw new UsageError(`--limit "${values.limit}" is not a number of bytes.\nGive one, as in --limit 120000.`)
  if (positionals.length === 0)
    throw new UsageError("No file is given.\nGive reports, as in: node scripts/job-summary.mjs dist/*/report.md")
  if (limit < positionals.length * 2 * NOTE)
    throw new UsageError(
      `--limit ${limit} is too small for ${positionals.length} ${positionals.length === 1 ? "file" : "files"}.\nGive ${positionals.length * 2 * NOTE} or more.`,
    )
  process.stdout.write(fit(positionals.map(read), limit))
}

function given() {
  try {
    return parseArgs({ options: { limit: { type: "string" } }, allowPositionals: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${message.replace(/'\.? .*$/, "'.")}\nThe only option is --limit BYTES.`)
  }
}

try {
  main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`error: ${error.message}\n`)
  process.exitCode = 2
}
