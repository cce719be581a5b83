import { dag, type Container, type Directory } from "@dagger.io/dagger"
import { CLEAN_START, LABELS_FILE, labelsText, RUNTIME_FOLDER, RUNTIME_LINKS } from "../core/runtime.js"
import type { Root } from "./image.js"
import type { Native } from "./native.js"
import { byContent, flat } from "./tools.js"

/** What of `docker/` the runtime program is made of. */
const SOURCES = ["package.json", "package-lock.json", "runtime/**"]

/** Adds the program that starts in every container, with what it starts from and its hooks, as one layer. */
export async function withRuntime(native: Native, root: Root, docker: Directory): Promise<Root> {
  const sources = await byContent(dag.directory().withDirectory("/", docker, { include: SOURCES }))
  const made = dag
    .directory()
    .withNewFile("/entrypoint.sh", await sources.file("runtime/entrypoint.sh").contents(), { permissions: 0o755 })
    .withNewFile(LABELS_FILE, labelsText(), { permissions: 0o644 })
    .withDirectory(`${RUNTIME_FOLDER}/hooks`, sources.directory("runtime/hooks"))
    .withFile(CLEAN_START.path, root.container.file(CLEAN_START.from), { permissions: CLEAN_START.mode })
    .withFile(`${RUNTIME_FOLDER}/runtime.mjs`, bundle(native, sources).file("/bundle/runtime.mjs"))
  const tree = Object.entries(RUNTIME_LINKS).reduce((all, [path, target]) => all.withSymlink(target, path), made)
  return { container: root.container.withDirectory("/", flat(native, tree)), layers: [...root.layers, "runtime"] }
}

/** The program as one file, the same for every platform: its packages are JavaScript, and are installed by their lock. */
function bundle(native: Native, sources: Directory): Container {
  return native.toolbox
    .withMountedDirectory("/sources", sources)
    .withExec([
      "sh",
      "-c",
      "cp -a /sources /docker && cd /docker && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error && node runtime/bundle.mjs /bundle",
    ])
}
