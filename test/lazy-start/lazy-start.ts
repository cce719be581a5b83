import { archNeutral } from "../../dagger/src/core/parity/arch-neutral.js"
import type { PlatformName } from "../../dagger/src/core/platforms.js"
import { readLayout } from "../../dagger/src/core/oci/layout.js"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { startFakeGitHub } from "../fake-github/fake-github.js"
import { LISTENING } from "../lifecycle/test-environment.js"
import { Containerd } from "./containerd.js"
import { LayoutRegistry } from "./layout-registry.js"

const REPOSITORY = "octo/example"

/** What one lazy start of a runner took. */
export interface LazyStart {
  /** Bytes of all layers, which any other start fetches. */
  readonly layers: number
  /** Bytes of layers that were fetched when the container was about to start: tables of contents, and what is prioritized, if that was done by then. */
  readonly pulled: number
  /** Bytes of layers that were fetched until the runner listened for jobs. */
  readonly fetched: number
  /** Requests for layers or parts of them. */
  readonly requests: number
  /** Files that were opened until then, in this order. */
  readonly files: readonly string[]
  /** From the command to start until then. */
  readonly seconds: number
}

/**
 * Starts the runner of a layout's image for this host's platform from a registry, with containerd and the stargz snapshotter, and counts what the registry sends until the
 * runner listens for jobs.
 *
 * @param layout folder that `runner-images build --compression estargz` wrote
 */
export async function lazyStart(layout: string, platform: PlatformName): Promise<LazyStart> {
  const { images } = await readLayout((path) => readFile(join(layout, path), "utf8"))
  const own = images.find(({ config }) => `${config.os}/${config.architecture}` === platform)
  if (!own) throw new Error(`${layout} has no image for ${platform}`)
  const containerd = new Containerd()
  const registry = await LayoutRegistry.start(layout)
  const github = await startFakeGitHub()
  try {
    github.accounts.addRepository(REPOSITORY)
    await containerd.start()
    await containerd.pull(registry.reference)
    const sent = (what: "bytes" | "requests"): number =>
      own.manifest.layers.reduce((sum, { digest }) => sum + (registry.served.get(digest)?.[what] ?? 0), 0)
    const pulled = sent("bytes")
    const began = performance.now()
    const container = containerd.run(registry.reference, {
      GITHUB_HOST: github.url,
      REPO_URL: `${github.url}/${REPOSITORY}`,
      ACCESS_TOKEN: github.tokens.addPersonal().token,
    })
    const { at } = await container.lines.waitFor(LISTENING, 120_000)
    const start = {
      pulled,
      fetched: sent("bytes"),
      requests: sent("requests"),
      files: containerd.accessed,
      seconds: (at - began) / 1000,
    }
    await container.end()
    return { layers: own.manifest.layers.reduce((sum, { size }) => sum + size, 0), ...start }
  } catch (error) {
    if (error instanceof Error) error.message += `\n\n${containerd.logs()}`
    throw error
  } finally {
    await containerd.close()
    await registry.close()
    await github.close()
  }
}

/** Folders of the runner of which all files are compared with the image's checksums before it starts, whichever it needs. */
const COMPARED = ["/home/runner/bin/", "/home/runner/lib/"]

/** Files to put first in layers, as start-files.json has them. */
export function startFilesOf({ files }: Pick<LazyStart, "files">, platform: PlatformName): string[] {
  const paths = files.map((file) => COMPARED.find((folder) => file.startsWith(folder)) ?? archNeutral(file, platform))
  return [...new Set(paths)]
}
