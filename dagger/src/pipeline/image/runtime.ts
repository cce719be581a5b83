import { dag, type Container, type Directory, type File } from "@dagger.io/dagger"
import { RUNNER_USER } from "../../core/variants/runner-user.js"
import { labelsText } from "../../core/plan/runtime-facts.js"
import type { Root } from "./image.js"
import type { EngineHost } from "../engine/engine-host.js"
import { script } from "../engine/script.js"
import { byContent, asSingleLayer } from "./tools.js"
import {
  CLEAN_START,
  LABELS_FILE,
  LOADER,
  RUNNER_MANIFEST,
  RUNTIME_FOLDER,
  RUNTIME_LINKS,
} from "../../core/variants/runtime-files.js"

/** The files of the program that finds the loader. */
const LOADER_PROGRAM = ["loader.mjs", "scan/elf.mjs", "scan/tree.mjs"]

/** The parts of `docker/` from which the runtime program is built. */
const SOURCES = ["package.json", "package-lock.json", "runtime/**"]

/**
 * Adds the program that starts in every container, with its entrypoint and hooks, as one layer.
 *
 * @param root must already have Node.js and the runner
 */
export async function withRuntime(engineHost: EngineHost, root: Root, docker: Directory): Promise<Root> {
  const sources = await byContent(dag.directory().withDirectory("/", docker, { include: SOURCES }))
  const made = dag
    .directory()
    .withNewFile("/entrypoint.sh", await sources.file("runtime/entrypoint.sh").contents(), { permissions: 0o755 })
    .withNewFile(LABELS_FILE, labelsText(), { permissions: 0o644 })
    .withDirectory(`${RUNTIME_FOLDER}/hooks`, sources.directory("runtime/hooks"))
    .withFile(CLEAN_START.path, root.container.file(CLEAN_START.from), { permissions: CLEAN_START.mode })
    .withFile(LOADER.path, loader(engineHost, root.container), { permissions: LOADER.mode })
    .withFile(RUNNER_MANIFEST, runnerManifest(engineHost, root.container), { permissions: 0o644 })
    .withFile(`${RUNTIME_FOLDER}/runtime.mjs`, bundle(engineHost, sources).file("/bundle/runtime.mjs"))
  const tree = Object.entries(RUNTIME_LINKS).reduce((all, [path, target]) => all.withSymlink(target, path), made)
  return {
    container: root.container.withDirectory("/", asSingleLayer(engineHost, tree)),
    layers: [...root.layers, "runtime"],
  }
}

/** The program as one file, the same for every platform: its packages are JavaScript, installed from their lock file. */
function bundle(engineHost: EngineHost, sources: Directory): Container {
  return engineHost.toolbox
    .withMountedDirectory("/sources", sources)
    .withExec([
      "sh",
      "-c",
      "cp -a /sources /docker && cd /docker && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error && node runtime/bundle.mjs /bundle",
    ])
}

/** The dynamic linker of the image's Node.js. Nothing from the image is executed, so it can be for any platform. */
function loader(engineHost: EngineHost, image: Container): File {
  return LOADER_PROGRAM.reduce(
    (container, name) => container.withNewFile(`/loader/${name}`, script(name)),
    engineHost.toolbox,
  )
    .withMountedDirectory("/target", image.rootfs())
    .withExec(["node", "/loader/loader.mjs", "/target", LOADER.of, "/copy"])
    .file("/copy")
}

/** Checksums of the runner's programs in the image. */
function runnerManifest(engineHost: EngineHost, image: Container): File {
  return engineHost.container
    .withMountedDirectory("/runner", image.directory(RUNNER_USER.home))
    .withWorkdir("/runner")
    .withExec(["sh", "-c", script("runner-manifest.sh")], { redirectStdout: "/manifest" })
    .file("/manifest")
}
