import { type CleaningPlan, cleaningPlan, temporaryFolders } from "./cleaning-plan.js"
import type { PublicConfiguration } from "../configuration/configuration.js"
import type { Environment } from "../environment.js"
import { makeStateFolder } from "../health/state-folder.js"
import type { ImagePaths } from "../image-paths.js"
import type { Log } from "../log.js"
import { type FolderOptions, prepareRunnerFolder, type RunnerFolder } from "../runner/folder.js"
import { withSystemPath } from "../system-path.js"
import { certificatePaths } from "./certificate-paths.js"
import { concernText } from "./concern.js"
import { startDockerService } from "./docker-service.js"
import { dockerAddress, socketWarning } from "./docker-socket.js"
import { homeFor } from "./home.js"
import { chooseToolCache, offerTools } from "./tool-cache.js"
import { userFolders } from "./user-folders.js"
import { accountVariables } from "./accounts/account-name.js"
import { hookVariables } from "./job-hooks.js"
import { dropPrivileges } from "./accounts/privileges.js"
import { chooseUser } from "./runner-user.js"
import { renewKeys } from "./renewed-keys.js"
import { administratorFiles, readSystemBundle } from "./system-certificates.js"
import { prepareWorkFolder, workFolderConcerns } from "./work-folder.js"

/** A container in which the runner can be registered and run. */
export interface PreparedContainer {
  /** As given, except for the work folder, which is a writable one. */
  readonly configuration: PublicConfiguration
  readonly runner: RunnerFolder
  /** What the runner and its jobs get. */
  readonly environment: Environment
  /** Undefined when nothing is writable: the health check then knows nothing. */
  readonly stateFolder: string | undefined
  /** What is removed between jobs; undefined for nothing. */
  readonly cleaning: CleaningPlan | undefined
  /** Stops what was started in addition to the runner. */
  end(): void
}

export interface PrepareOptions {
  readonly configuration: PublicConfiguration
  readonly jobEnvironment: Environment
  /** The container's, without secrets. */
  readonly environment: Environment
  readonly paths: ImagePaths
  readonly uid: number
  readonly log: Log
}

/**
 * Prepares everything that needs no network: user, folders, certificates, proxy, hooks, Docker.
 *
 * @throws {RuntimeFailure} CONFIGURATION for what this container cannot do
 */
export async function prepareContainer(options: PrepareOptions): Promise<PreparedContainer> {
  const { configuration, environment, jobEnvironment, paths, log } = options
  const end = configuration.startDocker ? startDockerService(withSystemPath(environment), options.uid) : () => undefined
  renewKeys({ library: paths.library, uid: options.uid, log })
  const uid = settleUser(options)
  const stateFolder = makeStateFolder(uid, paths.root)
  const runner = prepareRunnerFolder(runnerFolderOptions(paths, uid))
  if (runner.copied) log.info(`${paths.home} is read-only for user ${uid}: the runner is in ${runner.path}`)
  const { path: workFolder, instead } = prepareWorkFolder(configuration.workFolder, runner)
  if (instead !== undefined) log.warn(instead)
  const toolCache = chooseToolCache(jobEnvironment, workFolder, uid)
  const concerns = [...workFolderConcerns(workFolder, uid), ...(toolCache.concern ? [toolCache.concern] : [])]
  for (const concern of concerns) log.warn(concernText(concern))
  const missing = offerTools(toolCache, paths.library)
  if (missing !== undefined) log.warn(missing)
  const home = homeFor(environment, runner.home)
  const warning = socketWarning(dockerAddress(environment))
  if (warning !== undefined) log.warn(warning)
  const jobs = {
    configuration: { ...configuration, workFolder },
    runner,
    environment: {
      ...jobEnvironment,
      HOME: home,
      ...userFolders(jobEnvironment, paths.home, home),
      ...toolCache.variables,
      ...accountVariables({
        ...{ uid, gid: process.getgid?.() ?? 0, home, environment: jobEnvironment, root: paths.root },
        folder: stateFolder ?? runner.path,
      }),
      ...(await certificateVariables(options, stateFolder ?? runner.path)),
      ...hookVariables(configuration.hooks, paths),
    },
    stateFolder,
    end,
  }
  // Last: it notes what is there before the first job.
  return { ...jobs, cleaning: cleaningPlan(jobs.configuration, { uid, root: paths.root, log }) }
}

/** Where the runner may be in an image. */
export function runnerFolderOptions({ home, root }: Pick<ImagePaths, "home" | "root">, uid: number): FolderOptions {
  return { home, temporary: temporaryFolders(root), uid }
}

async function certificateVariables(
  { configuration, environment, paths, log }: PrepareOptions,
  folder: string,
): Promise<Record<string, string>> {
  const { root } = paths
  const given = certificatePaths(configuration, environment)
  const bundle = readSystemBundle(root)
  if (given.length === 0 && administratorFiles(root).length === 0 && bundle.added.length === 0) return {}
  // Loaded only if needed: cryptography takes memory.
  const { certificatesForJobs, trustedCertificates } = await import("./certificates.js")
  const trusted = trustedCertificates(given, root, bundle)
  for (const warning of trusted.warnings) log.warn(warning)
  return certificatesForJobs(trusted, { folder, environment })
}

/** @returns the user id that the runner has from now on */
function settleUser({ configuration, environment, paths, uid, log }: PrepareOptions): number {
  const { becomes, concern } = chooseUser(configuration, { environment, home: paths.home, uid })
  if (concern) log.warn(concernText(concern))
  if (!becomes) return uid
  dropPrivileges(becomes, configuration.workFolder, configuration.reuseFolder)
  return becomes.uid
}
