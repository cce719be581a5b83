import { dag } from "@dagger.io/dagger"
import { readFileSync } from "node:fs"
import type { Progress } from "../../dagger/src/core/progress/progress.js"
import type { Repository } from "../../dagger/src/core/text/reference.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { Registry } from "../../dagger/src/pipeline/oci/registry.js"
import type { CommandContext } from "../input/context.js"
import type { GivenRegistry } from "../input/registry-options.js"
import { hostUploads } from "../session/host-uploads.js"
import { inSession } from "../session/session.js"
import { registryAccess } from "./registry.js"

/** Opens the registry of a repository. */
export type OpenRegistry = (repository: Repository) => Promise<Registry>

/** Does work on images in a registry that exist already, in a session of its own. */
export async function withRegistry<T>(
  context: CommandContext,
  given: GivenRegistry,
  repository: Repository,
  work: (registry: Registry, progress: Progress) => Promise<T>,
): Promise<T> {
  return withRegistries(context, given, async (open, progress) => work(await open(repository), progress))
}

/** As {@link withRegistry}, for work on images in several repositories. */
export async function withRegistries<T>(
  context: CommandContext,
  { credentials, caBundle: path, plainHttp, bareEngine }: GivenRegistry,
  work: (open: OpenRegistry, progress: Progress) => Promise<T>,
): Promise<T> {
  const found = await inSession({ ...context, bareEngine }, async ({ progress }) => {
    const caBundle = path === undefined ? undefined : readFileSync(path, "utf8")
    const engineHost = await progress.run("all platforms", "base image", () =>
      openEngineHost(hostUploads(), { caBundle }),
    )
    const open: OpenRegistry = (repository) =>
      Registry.open(
        repository.name,
        { engineHost, ...registryAccess(dag, { repository, credentials, caBundle, plainHttp }) },
        progress,
      )
    return work(open, progress)
  })
  context.terminal.close()
  return found
}
