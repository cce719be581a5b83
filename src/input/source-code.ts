import type { Options } from "yargs"
import { realpathSync } from "node:fs"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"
import { parseSourceCode, remoteUrl, type SourceCode } from "../../dagger/src/core/text/source-code.js"
import { attempt } from "../host/exec.js"
import { PROJECT_ROOT } from "../host/paths.js"

/** For every command whose images are kept. */
export const sourceOptions = {
  "source-url": {
    type: "string",
    requiresArg: true,
    describe: "URL of the images' source code, for a label, or none [default: this checkout's remote origin]",
    group: "Labels:",
  },
  "source-revision": {
    type: "string",
    requiresArg: true,
    describe:
      "Commit that the images are built from, for a label, or none [default: this checkout's, if nothing is changed]",
    group: "Labels:",
  },
} as const satisfies Record<string, Options>

/** The options as yargs passes them. */
export interface GivenSource {
  sourceUrl: string | undefined
  sourceRevision: string | undefined
}

const NONE = "none"
const GIT_MILLISECONDS = 10_000
/** Set while a hook runs; they would point Git at another repository. */
const GIT_VARIABLES = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_COMMON_DIR: undefined,
}

/**
 * The request with the source code that its labels name: only what the user gives, if the user gives anything; otherwise
 * what Git reports for this program's own folder. With a definition file, images contain more than this checkout, so
 * nothing is taken from Git.
 *
 * @param note called with the reason why a label will be missing
 * @throws RunnerImagesError USAGE
 */
export async function withSourceCode(
  request: BuildRequest,
  { sourceUrl: url, sourceRevision: revision }: GivenSource,
  note: (line: string) => void,
  root = PROJECT_ROOT,
): Promise<BuildRequest> {
  if (url !== undefined || revision !== undefined) {
    const given = parseSourceCode({
      url: url === NONE ? undefined : url,
      revision: revision === NONE ? undefined : revision,
    })
    return { ...request, source: given }
  }
  if (request.custom) {
    note(
      "The images will have no source labels: a definition file is not part of this checkout. Set them with --source-url.",
    )
    return request
  }
  const { source, missing } = await sourceOfCheckout(root)
  if (missing !== undefined) note(`The images will have ${missing}`)
  return { ...request, source }
}

/** What Git reports for a folder; nothing if the folder is not a repository's root, or Git is missing or refuses. */
async function sourceOfCheckout(root: string): Promise<{ source: SourceCode; missing?: string }> {
  const git = async (...words: string[]): Promise<string | undefined> => {
    const options = { cwd: root, env: GIT_VARIABLES, timeout: GIT_MILLISECONDS }
    const { exitCode, stdout } = await attempt("git", ["--no-optional-locks", ...words], options)
    return exitCode === 0 ? stdout.trim() : undefined
  }
  const top = await git("rev-parse", "--show-toplevel")
  if (top === undefined || realpathSync(top) !== realpathSync(root))
    return { source: {}, missing: "no source labels: this is not a readable Git checkout." }
  const [remote, commit, changes] = await Promise.all([
    // As written: rewriting by insteadOf is specific to this machine.
    git("config", "--get", "remote.origin.url"),
    git("rev-parse", "--verify", "HEAD"),
    git("status", "--porcelain"),
  ])
  const url = remote === undefined ? undefined : remoteUrl(remote)
  const revision = changes === "" ? commit : undefined
  const missing = [
    ...(url === undefined ? ["no source URL label: the checkout has no remote origin that others can reach."] : []),
    ...(revision === undefined ? ["no revision label: the checkout has uncommitted changes."] : []),
  ]
  return {
    source: { ...(url === undefined ? {} : { url }), ...(revision === undefined ? {} : { revision }) },
    ...(missing.length === 0 ? {} : { missing: missing.join(" They will have ") }),
  }
}
