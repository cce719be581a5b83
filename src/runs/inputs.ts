import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import type { BuildInputs } from "../../dagger/src/pipeline/image/build-context.js"
import { DOCKER_FOLDER } from "../host/paths.js"
import type { HostRequest } from "../input/request.js"
import { hostUploads } from "../session/host-uploads.js"
import { loopbackService } from "./loopback.js"

/** The files of this host that a build reads, as Dagger's objects. Only within a session. */
export function inputsOf(
  host: Pick<HostRequest, "assets" | "caBundle"> & Partial<Pick<HostRequest, "request">>,
): BuildInputs {
  const { mirror, snapshot } = host.request ?? {}
  return {
    docker: DOCKER_FOLDER,
    uploads: hostUploads(),
    ...(host.assets === undefined ? {} : { assets: dag.host().directory(host.assets) }),
    ...(mirror?.loopback ? { mirrorService: loopbackService(dag, mirror) } : {}),
    ...(snapshot?.loopback ? { snapshotService: loopbackService(dag, snapshot) } : {}),
    ...(host.caBundle === undefined ? {} : { caBundle: readFileSync(host.caBundle, "utf8") }),
  }
}
