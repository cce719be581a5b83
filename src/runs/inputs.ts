import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import type { BuildInputs } from "../../dagger/src/pipeline/image/build-context.js"
import { caBundleOf } from "../../dagger/src/pipeline/engine/trust.js"
import { DOCKER_FOLDER } from "../host/paths.js"
import { NOT_FOR_IMAGES } from "../input/host-inputs.js"
import type { HostRequest } from "../input/request.js"
import { loopbackService } from "./loopback.js"

/** The files of this host that a build reads, as Dagger's objects. Only within a session. */
export function inputsOf(
  host: Pick<HostRequest, "assets" | "caBundle"> & Partial<Pick<HostRequest, "request">>,
): BuildInputs {
  const { mirror } = host.request ?? {}
  return {
    docker: dag.host().directory(DOCKER_FOLDER, { exclude: [...NOT_FOR_IMAGES] }),
    ...(host.assets === undefined ? {} : { assets: dag.host().directory(host.assets) }),
    ...(mirror?.loopback ? { mirrorService: loopbackService(dag, mirror) } : {}),
    ...(host.caBundle === undefined ? {} : { caBundle: caBundleOf(readFileSync(host.caBundle, "utf8")) }),
  }
}
