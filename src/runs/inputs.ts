import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import type { BuildInputs } from "../../dagger/src/pipeline/run.js"
import { caBundleOf } from "../../dagger/src/pipeline/trust.js"
import { DOCKER_FOLDER } from "../paths.js"
import type { HostRequest } from "../commands/request.js"

/** The files of this host that a build reads, as Dagger's objects. Only within a session. */
export function inputsOf(host: Pick<HostRequest, "assets" | "caBundle">): BuildInputs {
  return {
    docker: dag.host().directory(DOCKER_FOLDER),
    ...(host.assets === undefined ? {} : { assets: dag.host().directory(host.assets) }),
    ...(host.caBundle === undefined ? {} : { caBundle: caBundleOf(readFileSync(host.caBundle, "utf8")) }),
  }
}
