import type { BuildInputs } from "../../dagger/src/pipeline/build.js"
import { DOCKER_FOLDER } from "../paths.js"
import type { HostRequest } from "./request.js"

/** The files of this host that a build reads, as Dagger's objects. Only within a session. */
export async function inputsOf(host: HostRequest): Promise<BuildInputs> {
  const { dag } = await import("@dagger.io/dagger")
  return {
    docker: dag.host().directory(DOCKER_FOLDER),
    ...(host.assets === undefined ? {} : { assets: dag.host().directory(host.assets) }),
    ...(host.caBundle === undefined ? {} : { caBundle: dag.host().file(host.caBundle) }),
  }
}
