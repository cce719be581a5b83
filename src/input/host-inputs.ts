import { join } from "node:path"
import { inputsOf, type HostInputs, type Inputs } from "../../dagger/src/core/inputs/inputs.js"
import { NOT_FOR_IMAGES } from "../../dagger/src/pipeline/image/docker-files.js"
import { DOCKER_FOLDER, PROJECT_ROOT } from "../host/paths.js"
import { folderDigest } from "./folder-digest.js"
import type { HostRequest } from "./request.js"

const CATALOG = "core/catalog"

/** What a build of this request is made from now: the request, files of this host, and the engine. */
export async function readInputs(
  { request, assets }: Pick<HostRequest, "request" | "assets">,
  engine: Pick<HostInputs, "engine" | "bases">,
): Promise<Inputs> {
  const source = join(PROJECT_ROOT, "dagger/src")
  const [sources, scripts, catalog, docker, files] = await Promise.all([
    folderDigest(source, [CATALOG]),
    folderDigest(join(PROJECT_ROOT, "dagger/scripts")),
    folderDigest(join(source, CATALOG)),
    folderDigest(DOCKER_FOLDER, NOT_FOR_IMAGES),
    assets === undefined ? undefined : folderDigest(assets),
  ])
  return inputsOf(request, { program: `${sources} ${scripts}`, catalog, docker, assets: files, ...engine })
}
