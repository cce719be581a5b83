import type { Directory } from "@dagger.io/dagger"
import { RUNNER_USER } from "../../core/variants/runner-user.js"
import { labelsText } from "../../core/plan/runtime-facts.js"
import { dockerFiles } from "./docker-files.js"
import type { Root } from "./image.js"
import type { EngineHost } from "../engine/engine-host.js"
import { filesBelow, type UploadedFile } from "../engine/uploads.js"
import {
  CLEAN_START,
  LABELS_FILE,
  LOADER,
  RUNNER_MANIFEST,
  RUNTIME_FOLDER,
  RUNTIME_LINKS,
} from "../../core/variants/runtime-files.js"

/** The programs that lay out the files. */
const SCRIPTS = ["runtime-layer.sh", "runner-manifest.sh", "loader.mjs", "scan/elf.mjs", "scan/tree.mjs"]

/** The parts of `docker/` from which the runtime program is built. */
const isSource = (path: string) => ["package.json", "package-lock.json"].includes(path) || path.startsWith("runtime/")

/**
 * Adds the program that starts in every container, with its entrypoint and hooks, as one layer. Nothing of the image is executed, so
 * it can be for any platform.
 *
 * @param root must already have Node.js and the runner
 * @param docker absolute path of the project's `docker/` folder on this program's machine
 */
export function withRuntime({ toolbox, toolboxWith, uploads }: EngineHost, root: Root, docker: string): Root {
  const sources = dockerFiles(docker)
  const laidOut = toolboxWith(...SCRIPTS)
    .withMountedDirectory("/target", root.container.rootfs())
    .withMountedDirectory("/files", uploads.directory(finishedFiles(sources)))
    .withMountedDirectory("/bundle", bundle({ toolbox, uploads }, sources))
    .withExec([
      ...["sh", "/plan/runtime-layer.sh", "/files", RUNTIME_FOLDER],
      ...[CLEAN_START.from, CLEAN_START.path, modeText(CLEAN_START.mode)],
      ...[LOADER.of, LOADER.path, modeText(LOADER.mode)],
      ...[RUNNER_USER.home, RUNNER_MANIFEST],
    ])
    .directory("/laid-out")
  return { container: root.container.withDirectory("/", laidOut), layers: [...root.layers, "runtime"] }
}

/** The files that are the same in every image. */
function finishedFiles(sources: Readonly<Record<string, UploadedFile>>): Record<string, UploadedFile> {
  const source = (path: string): UploadedFile => {
    const file = sources[path]
    if (file === undefined) throw new Error(`docker/${path} is missing`)
    return file
  }
  const hooks = Object.keys(sources).filter((path) => path.startsWith("runtime/hooks/"))
  return {
    "entrypoint.sh": source("runtime/entrypoint.sh"),
    [LABELS_FILE]: labelsText(),
    ...filesBelow(
      RUNTIME_FOLDER,
      Object.fromEntries(hooks.map((path) => [path.replace("runtime/", ""), source(path)])),
    ),
    ...Object.fromEntries(Object.entries(RUNTIME_LINKS).map(([path, link]) => [path, { link }])),
  }
}

/** A folder with the program as one file, the same for every platform: its packages are JavaScript, installed from their lock file. */
function bundle(
  { toolbox, uploads }: Pick<EngineHost, "toolbox" | "uploads">,
  files: Readonly<Record<string, UploadedFile>>,
): Directory {
  const sources = Object.fromEntries(Object.entries(files).filter(([path]) => isSource(path)))
  return toolbox
    .withMountedDirectory("/sources", uploads.directory(sources))
    .withExec([
      "sh",
      "-c",
      "cp -a /sources /docker && cd /docker && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error && node runtime/bundle.mjs /bundle",
    ])
    .directory("/bundle")
}

/** `modeText(0o711)` ⇒ `"0711"` */
function modeText(mode: number): string {
  return `0${mode.toString(8)}`
}
