import { RunnerImagesError } from "../errors.js"
import { withoutSecrets } from "./mirror.js"
import { isLoopback } from "./reference.js"

/** Where the source code of an image is, as far as known: unknown facts get no label. */
export interface SourceCode {
  url?: string
  /** The commit, or its equivalent in another version control system. */
  revision?: string
}

const PROTOCOLS = ["https:", "http:", "ssh:", "git:"]
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/+-]{0,127}$/
const EXAMPLE = "https://github.com/OWNER/REPOSITORY"

/**
 * Reads what a user gives as the source code's URL and revision.
 *
 * @example parseSourceCode({ url: "https://github.com/owner/runner" }) ⇒ { url: "https://github.com/owner/runner" }
 * @throws RunnerImagesError USAGE when either is malformed, or the URL has a password: labels are public
 */
export function parseSourceCode(given: { url?: string | undefined; revision?: string | undefined }): SourceCode {
  const url = given.url?.trim()
  const revision = given.revision?.trim()
  return {
    ...(url === undefined ? {} : { url: parseUrl(url) }),
    ...(revision === undefined ? {} : { revision: parseRevision(revision) }),
  }
}

/**
 * The URL for a Git remote, undefined for one that is useless elsewhere, such as a folder of this machine. User and
 * password are left out. GitHub's package page looks for an https URL, so GitHub's ssh remotes become one; whether other
 * servers answer on https is unknown.
 *
 * @example remoteUrl("git@github.com:owner/runner.git") ⇒ "https://github.com/owner/runner"
 */
export function remoteUrl(remote: string): string | undefined {
  const [, user, host, path] = /^(?:([^@/:]+)@)?([^@/:]+):(?!\/\/)\/?(.+)$/.exec(remote) ?? []
  const text = host === undefined ? remote : `ssh://${user === undefined ? "" : `${user}@`}${host}/${path ?? ""}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (!PROTOCOLS.includes(url.protocol) || isLoopback(url.hostname)) return undefined
  const place = url.pathname.replace(/\/+$/, "").replace(/\.git$/, "")
  if (url.hostname === "github.com") return `https://github.com${place}`
  // The login name is part of an ssh address, as in git@host; elsewhere it is a person's, or a token.
  const account = url.protocol === "ssh:" && url.username === "git" ? "git@" : ""
  return `${url.protocol}//${account}${url.host}${place}`
}

function parseUrl(text: string): string {
  const shown = withoutSecrets(text)
  if (!URL.canParse(text) || !PROTOCOLS.includes(new URL(text).protocol))
    throw usage(`--source-url is "${shown}", which is not the URL of source code.`, `Write it as in ${EXAMPLE}.`)
  const { password, username, protocol, search, hash } = new URL(text)
  if (password !== "" || (username !== "" && protocol !== "ssh:") || search !== "" || hash !== "")
    throw usage(
      "--source-url has a user, a password, a query or a fragment, and a label would show it to everyone.",
      `Leave it out: ${shown}.`,
    )
  return text
}

function parseRevision(text: string): string {
  if (REVISION.test(text)) return text
  throw usage(
    `--source-revision is ${JSON.stringify(text.slice(0, 128))}, which is not a commit.`,
    "Give the commit's digest, as git rev-parse HEAD prints it.",
  )
}

function usage(problem: string, remedy: string): RunnerImagesError {
  return new RunnerImagesError("USAGE", problem, remedy)
}
