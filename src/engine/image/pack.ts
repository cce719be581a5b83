import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { RunnerImagesError } from "../../../dagger/src/core/errors.js"
import { LAYOUT_VERSION, MEDIA_TYPE } from "../../../dagger/src/core/oci/documents.js"
import { archOf, type PlatformName } from "../../../dagger/src/core/platforms.js"
import { sha256OfFile } from "../../artifacts/file-digest.js"
import { writeLoadable } from "../../artifacts/loadable.js"
import { lookup } from "../../artifacts/lookup.js"
import { explainFullDisk, makeFolder, requireWritable } from "../../artifacts/writable-folder.js"
import { clearWork } from "../bare/artefacts/artefact.js"
import { baseDigest, baseLayer } from "../bare/artefacts/bases.js"
import { contentEnv, trustBundle } from "../bare/artefacts/content.js"
import { goToolchain } from "../bare/artefacts/go-toolchain.js"
import { ENGINE_PACKAGES } from "../bare/artefacts/host-packages.js"
import { writeImage, writeImageLayer } from "../bare/artefacts/image.js"
import { makeSdkRoot } from "../bare/artefacts/sdk-root.js"
import { takeDown } from "../bare/down.js"
import { addBinfmtRules } from "../bare/host/binfmt.js"
import { checkDisk, checkHost, checkStateFolder, freeBytes, gigabytes, hostFacts } from "../bare/host/host.js"
import { checkKernel } from "../bare/host/kernel.js"
import { hostResolvConf } from "../bare/host/resolvers.js"
import { COLLECTOR } from "../bare/instance/namespace.js"
import { artefactKeys, lazyPackageArchive, makeArtefacts, type Artefacts, type Making } from "../bare/make-artefacts.js"
import { PACKING, phases } from "../bare/phase.js"
import { missingArtefacts } from "../bare/plan.js"
import { readRecord } from "../bare/state/record.js"
import { StateFolder } from "../bare/state/state-folder.js"
import { takeLock } from "../bare/state/lock.js"
import { ENGINE_IMAGE, ENGINE_VERSION } from "../bare/state/version.js"
import { claim, goOrWhatItMade, locate } from "../bare/up.js"
import { BASES_PORT, CLI, ENTRYPOINT, layOut } from "./files.js"
import { CLI_LABEL } from "./label.js"
import { buildImagePrograms } from "./programs.js"

/** Has the kernel's rule while base images are made. It never starts. */
const INSTANCE = "engine-image"

/** What packing writes into the state folder and removes again. Measured, rounded up. */
const WORK_BYTES = 2.5e9
/** The archive. */
const ARCHIVE_BYTES = 0.7e9

const PACKAGES = [...ENGINE_PACKAGES, "docker-registry", "openssh-client"]

export interface PackedEngine {
  /** Absolute path of the archive. */
  file: string
  /** The image's name once it is loaded. */
  image: string
  version: string
  platform: PlatformName
  /** Of the image's manifest. */
  digest: string
  /** Of the archive, in hexadecimal digits. */
  sha256: string
  bytes: number
  /** The digest of the base image that builds on this engine start from. */
  base: string
}

/**
 * Packs the engine as an image that Docker, podman and containerd load, with everything that builds take from elsewhere with other engines:
 * the command line, the SDKs' contents, emulators and base images. Made of the same artefacts as the bare engine, and needs no container
 * engine. The same artefacts and package archive give the same bytes.
 *
 * @param options.output path of the archive, replaced if it is there
 * @throws RunnerImagesError for everything that can be missing or go wrong
 */
export async function packEngine(options: { output: string; log: (line: string) => void }): Promise<PackedEngine> {
  const { log } = options
  const file = requireFile(options.output)
  const host = checkHost(hostFacts(process.env))
  checkStateFolder(StateFolder.of(process.env).root)
  const { state, folder } = locate(INSTANCE)
  const lock = await takeLock(state.lock, PACKING.command, log)
  const unfinished = `${file}.unfinished`
  const discard = () => {
    rmSync(unfinished, { force: true })
  }
  // Also when a signal ends this process.
  process.once("exit", discard)
  // Files of the image are made by it, and have the same modes for everybody.
  const umask = process.umask(0o022)
  try {
    const phase = phases(PACKING, lock, log)
    const go = await goOrWhatItMade(state, readRecord(folder), host)
    checkDisk(state.root, WORK_BYTES)
    await clearWork(state.work)
    mkdirSync(state.work, { recursive: true })
    const packageArchive = lazyPackageArchive(state.work, host)
    const emulate = async (emulator: string) => {
      if (!missingArtefacts(state, artefactKeys(host, go.version)).bases) return
      await checkKernel(state.root)
      const before = readRecord(folder)
      const record = await claim({ state, folder, host, port: undefined, lock, log }, before, hostResolvConf())
      await addBinfmtRules(folder, record, emulator, host)
    }
    const making: Making = { state, host, go, phase, emulate, packageArchive, log }
    const artefacts = await makeArtefacts(making)
    const packed = await phase("image", ENGINE_IMAGE, () => pack(making, artefacts, unfinished))
    renameSync(unfinished, file)
    return { ...packed, file }
  } catch (error) {
    throw explainFullDisk(error, dirname(file), "Choose another file with --output")
  } finally {
    process.umask(umask)
    process.off("exit", discard)
    discard()
    await clearWork(state.work)
    await takeDown(folder, () => undefined)
    await lock.release()
  }
}

/**
 * @returns the absolute path
 * @throws RunnerImagesError OUTPUT_UNWRITABLE when it cannot be written
 */
function requireFile(output: string): string {
  const file = resolve(output)
  const there = lookup(file)
  if (there && !there.isFile())
    throw new RunnerImagesError(
      "OUTPUT_UNWRITABLE",
      `${file} cannot be written: it is not a file.`,
      there.isDirectory()
        ? `Name a file in it: --output ${join(file, "engine.tar")}`
        : "Choose another file with --output.",
    )
  const folder = dirname(file)
  requireWritable(folder, "The folder of --output", "Choose another file with --output")
  makeFolder(folder)
  const free = freeBytes(folder)
  if (free < ARCHIVE_BYTES)
    throw new RunnerImagesError(
      "OUTPUT_UNWRITABLE",
      `${file} needs ${gigabytes(ARCHIVE_BYTES)} of free disk space, but only ${gigabytes(free)} is free in ${folder}.`,
      "Choose another file with --output, or free some space.",
    )
  return file
}

async function pack(making: Making, artefacts: Artefacts, file: string): Promise<Omit<PackedEngine, "file">> {
  const { state, host, packageArchive } = making
  const { work } = state
  const at = (name: string) => join(work, name)
  const programs = await buildImagePrograms(state, archOf(host), goToolchain)
  const archive = await packageArchive()

  const [root, files, layout] = [at("image-root"), at("image-files"), at("image-layout")]
  await makeSdkRoot(archive, baseLayer(artefacts.bases, host), PACKAGES, root, work)
  const trust = trustBundle()
  if (trust !== undefined) copyFileSync(trust, join(root, "etc/ssl/certs/ca-certificates.crt"))
  const gzip = (name: string, part: Parameters<typeof writeImageLayer>[2][number]) =>
    writeImageLayer(layout, name, [part], archive.date, work, "gzip")
  const packages = await gzip("packages", { folder: root, at: "", exclude: ["./dev/*"], keepOwners: true })
  mkdirSync(files)
  await layOut(files, host, artefacts, programs)
  const engine = await gzip("engine", { folder: files, at: "", uniform: true })

  const manifest = writeImage(layout, {
    architecture: archOf(host),
    date: archive.date,
    config: {
      Env: Object.entries({
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        DO_NOT_TRACK: "1",
        BASES_PORT: String(BASES_PORT),
        ...COLLECTOR,
        ...contentEnv(artefacts.content),
      }).map(([name, value]) => `${name}=${value}`),
      Entrypoint: [ENTRYPOINT],
      Volumes: { "/var/lib/dagger": {} },
      Labels: {
        [CLI_LABEL]: CLI,
        "org.opencontainers.image.title": "Dagger engine",
        "org.opencontainers.image.version": ENGINE_VERSION,
      },
    },
    layers: [packages, engine],
  })
  writeFileSync(join(layout, "oci-layout"), LAYOUT_VERSION)
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [manifest] }
  writeFileSync(join(layout, "index.json"), JSON.stringify(index))

  const scratch = at("image-scratch")
  mkdirSync(scratch)
  await writeLoadable(file, { layout, platform: host, name: ENGINE_IMAGE, scratch, oci: true, time: archive.date })
  return {
    image: ENGINE_IMAGE,
    version: ENGINE_VERSION,
    platform: host,
    digest: manifest.digest,
    sha256: await sha256OfFile(file),
    bytes: statSync(file).size,
    base: baseDigest(artefacts.bases),
  }
}
