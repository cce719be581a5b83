import {
  dag,
  ImageLayerCompression,
  ImageMediaTypes,
  type Container,
  type Directory,
  type File,
} from "@dagger.io/dagger"
import { parseEngineImages, type EngineImage } from "../../core/oci/engine-image.js"
import { finishLayout, type FinishedLayout, type FinishOptions } from "../../core/oci/finish.js"
import type { PlatformName } from "../../core/platforms.js"
import type { Compression } from "../../core/request/compression.js"
import type { EngineHost } from "../engine/engine-host.js"
import { estargzTools } from "./estargz.js"

/** One platform's image after the build. */
export interface PlatformImage {
  platform: PlatformName
  container: Container
}

/** The documents of a finished image, and where its layers are. */
export interface FinishedImage extends FinishedLayout {
  layers: FinishedLayers
}

/** Layers whose bytes depend on their contents alone. */
export interface FinishedLayers {
  /** `layout/blobs/sha256`, and what became of each of the engine's layers, so that they are not made again. */
  folder: Directory
  /** In the order of the containers. */
  images: EngineImage[]
}

/** How layers are made. */
export interface LayerOptions {
  /** ISO 8601. Files that this build wrote get this time, because they are younger. */
  created: string
  /** Defaults to `gzip`. */
  compression?: Compression | undefined
  /** Layers that were made for another image of the same run. */
  known?: FinishedLayers | undefined
  /** What `exportImages` returned for the same images. */
  exported?: File | undefined
}

const IMAGES = "/run/images.tar"
const BASES = "/run/bases.tar"
const KNOWN = "/known"
const START_FILES = "/start-files"
const OUT = "/out"

/** Has the engine write the layers of built containers, as `finish` reads them. It waits for the disk more than it computes. */
export function exportImages(images: readonly PlatformImage[]): Promise<File> {
  return uncompressed(images).sync()
}

function uncompressed(images: readonly PlatformImage[]): File {
  return archiveOf(
    images.map(({ container }) => container),
    ImageLayerCompression.Uncompressed,
  )
}

/**
 * Turns built containers into the parts of the layout that is exported and published. `finishLayout` describes the changes to the
 * documents, `finish-layers.py` those to the layers, which never leave the engine.
 */
export async function finish(
  images: readonly PlatformImage[],
  options: Omit<FinishOptions, "platforms"> & Pick<LayerOptions, "known" | "exported">,
  engineHost: EngineHost,
): Promise<FinishedImage> {
  const layers = await finishLayers(images, options, engineHost)
  const platforms = images.map(({ platform }) => platform)
  return { ...finishLayout(layers.images, { ...options, platforms }), layers }
}

/**
 * Makes the layers of built containers. The base image's own stay as they were published, if they are compressed as requested. For eStargz they are made
 * anew: a snapshotter must otherwise fetch the whole base before anything starts.
 */
export async function finishLayers(
  images: readonly PlatformImage[],
  { created, compression = "gzip", known, exported = uncompressed(images) }: LayerOptions,
  engineHost: EngineHost,
): Promise<FinishedLayers> {
  const { root } = engineHost
  const bases = archiveOf(images.map(({ platform }) => root(platform)))
  const mounted = (await finisher(engineHost, compression))
    .withMountedFile(IMAGES, exported)
    .withMountedFile(BASES, bases)
  const made = (known ? mounted.withMountedDirectory(KNOWN, known.folder) : mounted).withExec([
    ...["python3", "/plan/finish-layers.py", IMAGES, BASES, KNOWN, OUT],
    ...[String(Math.floor(Date.parse(created) / 1000)), compression],
    ...(compression === "estargz" ? [`${START_FILES}/start-files.txt`] : []),
  ])
  return { folder: made.directory(OUT), images: parseEngineImages(await made.stdout()) }
}

/** A container with finish-layers.py and what it needs for a compression. */
async function finisher(engineHost: EngineHost, compression: Compression): Promise<Container> {
  const container = engineHost.toolboxWith("finish-layers.py")
  if (compression !== "estargz") return container
  const { program, startFiles } = await estargzTools(engineHost)
  return container.withMountedDirectory("/usr/local/bin", program).withMountedDirectory(START_FILES, startFiles)
}

/** The layout that is exported and published: the finished layers, the documents, and other files to be put beside them. */
export function layoutOf(
  { layers, files }: Pick<FinishedImage, "layers" | "files">,
  { uploads }: Pick<EngineHost, "uploads">,
  beside: Readonly<Record<string, string>> = {},
): Directory {
  const documents = uploads.directory({ ...Object.fromEntries(files), ...beside })
  return layers.folder.directory("layout").withDirectory("/", documents)
}

/** The engine's OCI archive of images for several platforms. Without a compression, layers stay as they are. */
function archiveOf(containers: Container[], forcedCompression?: ImageLayerCompression): File {
  return dag.container().asTarball({
    platformVariants: containers,
    mediaTypes: ImageMediaTypes.Oci,
    ...(forcedCompression === undefined ? {} : { forcedCompression }),
  })
}
