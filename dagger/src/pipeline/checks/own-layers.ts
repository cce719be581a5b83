import type { Container } from "@dagger.io/dagger"
import type { CheckContext } from "../../core/checks/check.js"
import { addedToPath, pathOf, readOwnLayers, type OwnLayers } from "../../core/checks/own-layers.js"
import type { EngineHost } from "../engine/engine-host.js"
import { scripts } from "../engine/script.js"

/** An image and what is known about it. */
export interface Checkable {
  container: Container
  /** The same without labels. No program of the image sees these, so a new commit or date in them does not run its checks again. */
  unlabelled?: Container
  context: CheckContext
}

/** The container in which an image's checks run. */
export function withoutLabels({ container, unlabelled }: Checkable): Container {
  return unlabelled ?? container
}

/** What the layers that an image adds to the image below do to that one's files. Reads natively and executes nothing from either. */
export async function ownLayers(engineHost: EngineHost, below: Checkable, own: Checkable): Promise<OwnLayers> {
  const root = withoutLabels(below).rootfs()
  const folders = [addedToPath(below.context, own.context), pathOf(below.context)].map((path) => path.join(":"))
  const output = await engineHost.container
    .withMountedDirectory("/below", root)
    .withMountedDirectory("/own", root.diff(withoutLabels(own).rootfs()))
    .withMountedDirectory("/plan", engineHost.uploads.directory(scripts(["own-layers.sh"])))
    .withExec(["sh", "/plan/own-layers.sh", "/below", "/own", ...folders])
    .stdout()
  return readOwnLayers(output)
}
