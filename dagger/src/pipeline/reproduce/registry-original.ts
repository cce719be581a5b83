import type { Directory } from "@dagger.io/dagger"
import { digestOf } from "../../core/oci/documents.js"
import { nameOf, type ImageReference } from "../../core/text/reference.js"
import type { Progress } from "../../core/progress/progress.js"
import type { EngineHost } from "../engine/engine-host.js"
import { Registry, type RegistryAccess } from "../oci/registry.js"
import type { Original } from "./reproduce.js"

/**
 * An image in a registry. It is only copied from there if it is not the same.
 *
 * @throws RunnerImagesError as {@link Registry.open}, and REGISTRY_FAILED when there is no such image
 */
export async function registryOriginal(
  reference: ImageReference,
  engineHost: EngineHost,
  access: Omit<RegistryAccess, "engineHost">,
  progress: Progress,
): Promise<Original> {
  const { repository } = reference
  const registry = await Registry.open(repository.name, { ...access, engineHost }, progress)
  const index = digestOf(await registry.manifest(repository.name, nameOf(reference)))
  let copying: Promise<Directory> | undefined
  const copy = () => (copying ??= registry.layout(repository.name, `@${index}`))
  return { index, read: async (path) => (await copy()).file(path).contents(), files: copy }
}
