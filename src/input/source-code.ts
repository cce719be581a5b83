import type { Options } from "yargs"
import { realpathSync } from "node:fs"
import type { BuildRequest } from "../../dagger/src/core/request/request.js"
import { parseSourceCode, remoteUrl, type SourceCode } from "../../dagger/src/core/text/source-code.js"
import { attempt } from "../host/exec.js"
import { PROJECT_ROOT } from "../host/paths.js"

/** Of every command that makes images to keep. */
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

/** As yargs hands the options over. */
export interface GivenSource {
  sourceUrl: string | undefined
  sourceRevision: string | undefined
}

const NONE = "none"
const GIT_MILLISECONDS = 10_000
/** Set while a hook runs, and would lead Git to another repository. */
const GIT_VARIABLES = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_COMMON_DIR: undefined,
}

/**
 * The request with what its labels say of the source code: what the user says, and nothing else where the user says
 * anything; else what Git says of this program's own folder. With a definition file the images are made of more than that,
 * so nothing is taken from Git.
 *
 * @param note told why a label will be missing
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
      "The images name no source code: a definition file is no part of this checkout. --source-url says where it is.",
    )
    return request
  }
  const { source, missing } = await sourceOfCheckout(root)
  if (missing !== undefined) note(`The images name ${missing}`)
  return { ...request, source }
}

/** What Git says of a folder; nothing where that is not a repository's own root, or Git is not there or refuses. */
async function sourceOfCheckout(root: string): Promise<{ source: SourceCode; missing?: string }> {
  const git = async (...words: string[]): Promise<string | undefined> => {
    const options = { cwd: root, env: GIT_VARIABLES, timeout: GIT_MILLISECONDS }
    const { exitCode, stdout } = await attempt("git", ["--no-optional-locks", ...words], options)
    return exitCode === 0 ? stdout.trim() : undefined
  }
  const top = await git("rev-parse", "--show-toplevel")
  if (top === undefined || realpathSync(top) !== realpathSync(root))
    return { source: {}, missing: "no source code: this is no Git checkout that can be read." }
  const [remote, commit, changes] = await Promise.all([
    // As it is written: a rewriting by insteadOf is this machine's own.
    git("config", "--get", "remote.origin.url"),
    git("rev-parse", "--verify", "HEAD"),
    git("status", "--porcelain"),
  ])
  const url = remote === undefined ? undefined : remoteUrl(remote)
  const revision = changes === "" ? commit : undefined
  const missing = [
    ...(url === undefined ? ["no source URL: the checkout has no remote origin that others can reach."] : []),
    ...(revision === undefined ? ["no revision: the checkout has changes that are not committed."] : []),
  ]
  return {
    source: { ...(url === undefined ? {} : { url }), ...(revision === undefined ? {} : { revision }) },
    ...(missing.length === 0 ? {} : { missing: missing.join(" They name ") }),
  }
}
