import { dag, ExecError, type Container, type Directory, type File, type Service } from "@dagger.io/dagger"
import { randomUUID } from "node:crypto"
import { downloadError, readFetchFailure, type Origin, type UpstreamFile } from "../../core/catalog/download.js"
import { RunnerImagesError } from "../../core/errors.js"
import { mirrored, requireReachable, type Mirror } from "../../core/text/mirror.js"
import type { BuildRequest } from "../../core/request/request.js"
import type { Probe } from "../../core/plan/sources.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scripts } from "../engine/script.js"
import { servicePort } from "../engine/service.js"

/** Where upstream files come from, if not from their vendors. */
export interface UpstreamAccess {
  /** Files by name, fetched beforehand; they take precedence. */
  assets?: Directory
  mirror?: Mirror
  /** The mirror, if the engine's containers cannot reach it by name. */
  mirrorService?: Service
}

/** Where a build's upstream files come from: the entry points pass Dagger objects, the request has the rest. */
export function upstreamOf(
  { mirror }: Pick<BuildRequest, "mirror">,
  { assets, mirrorService }: { assets?: Directory | undefined; mirrorService?: Service | undefined },
): UpstreamAccess {
  return { ...(assets && { assets }), ...(mirror && { mirror }), ...(mirrorService && { mirrorService }) }
}

const FETCH = "fetch-upstream.sh"
const ASK = "ask-upstream.sh"
/** The bound mirror's host name in the container that fetches. */
const ALIAS = "upstream-mirror"
/** Options that curl reads from a file, so that they appear in no log. */
const CREDENTIALS = "/run/mirror.curl"

/**
 * An upstream file with the catalog's checksum: from the assets folder, else the mirror, else the vendor.
 *
 * @throws RunnerImagesError DOWNLOAD_MISMATCH naming file, expected and actual checksum; DOWNLOAD_FAILED naming file, URL and reason
 */
export async function fetchUpstream(engineHost: EngineHost, file: UpstreamFile, access: UpstreamAccess): Promise<File> {
  const { name, sha256 } = file
  const { assets, mirror } = access
  if (assets && (await assets.entries()).includes(name)) {
    const prepared = `/assets/${name}`
    const container = engineHost.toolbox.withMountedFile(prepared, assets.file(name))
    return run(engineHost, container, file, { kind: "assets" }, [prepared, sha256, name])
  }
  const url = mirrored(file.url, mirror)
  const { container, connectTo } = await towards(engineHost, access)
  return run(engineHost, container, file, { kind: "url", url, mirror: mirror !== undefined }, [
    url,
    sha256,
    name,
    ...connectTo,
  ])
}

/**
 * Asks for upstream files from a container: from where they will be downloaded, with the same proxy, trust bundle and mirror.
 *
 * @throws RunnerImagesError MIRROR_INVALID for a mirror on the loopback interface without a service
 */
export function probeOf(access: UpstreamAccess, engineHost: () => Promise<EngineHost>): Probe {
  requireReachable(access.mirror, access.mirrorService !== undefined)
  return async (urls) => {
    const host = await engineHost()
    const { container, connectTo } = await towards(host, access)
    const [connect = "", direct = ""] = connectTo
    const said = await withScript(host, container, ASK)
      // A new value makes a new step: the servers may answer something else now.
      .withEnvVariable("RUNNER_IMAGES_NONCE", randomUUID())
      .withExec(["sh", `/plan/${ASK}`, connect, direct, ...urls])
      .stdout()
    const answers = said.trimEnd().split("\n")
    if (answers.length !== urls.length) throw new Error(`${ASK} gave no answer for each URL: ${said}`)
    return answers.map((answer) => (answer === "yes" ? undefined : answer))
  }
}

async function run(
  engineHost: EngineHost,
  container: Container,
  file: UpstreamFile,
  origin: Origin,
  words: string[],
): Promise<File> {
  try {
    const fetched = await withScript(engineHost, container, FETCH)
      .withExec(["sh", `/plan/${FETCH}`, ...words])
      .sync()
    return fetched.file(`/download/${file.name}`)
  } catch (error) {
    const failure = error instanceof ExecError ? readFetchFailure(error.stderr) : undefined
    if (!failure) throw error
    throw downloadError(file, origin, failure, error)
  }
}

function withScript({ uploads }: EngineHost, container: Container, name: string): Container {
  return container.withMountedDirectory("/plan", uploads.directory(scripts([name, "upstream-curl.sh"])))
}

/** A container that can reach the mirror, and the script's arguments for it. */
async function towards(
  { toolbox }: EngineHost,
  { mirror, mirrorService }: UpstreamAccess,
): Promise<{ container: Container; connectTo: string[] }> {
  if (!mirror) return { container: toolbox, connectTo: [] }
  const container = mirror.credentials ? withCredentials(toolbox, mirror.credentials) : toolbox
  if (!mirrorService) return { container, connectTo: [] }
  const port = await mirrorPort(mirrorService, mirror)
  return {
    container: container.withServiceBinding(ALIAS, mirrorService),
    // The mirror is addressed by its own name, so that its certificate and its redirects work.
    connectTo: [
      `${mirror.host}:${String(mirror.port)}:${ALIAS}:${String(port)}`,
      mirror.host.replace(/^\[(.*)\]$/, "$1"),
    ],
  }
}

async function mirrorPort(service: Service, mirror: Mirror): Promise<number> {
  let port: number | number[]
  try {
    port = await servicePort(service, mirror.port)
  } catch (cause) {
    throw new RunnerImagesError(
      "DOWNLOAD_FAILED",
      `The mirror ${mirror.url} does not answer.`,
      "Start it, or check its port.",
      { cause },
    )
  }
  if (typeof port === "number") return port
  throw new RunnerImagesError(
    "MIRROR_INVALID",
    `The mirror's service has the ports ${port.join(", ")}, but ${mirror.url} names none of them.`,
    "Add the port to the mirror's URL.",
  )
}

/** curl sends them only to the mirror, not to servers to which it redirects. */
function withCredentials(container: Container, { username, password }: NonNullable<Mirror["credentials"]>): Container {
  const quoted = `${username}:${password}`.replaceAll(/[\\"]/g, "\\$&")
  return container.withMountedSecret(CREDENTIALS, dag.setSecret("mirror-credentials", `user = "${quoted}"\n`))
}
