import { execa } from "execa"
import { existsSync } from "node:fs"
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { z } from "zod"
import { archOf, type PlatformName } from "../../dagger/src/core/platforms.js"

const NANOSECONDS = 1_000_000

const INDEX = z.object({
  manifests: z.array(
    z.looseObject({
      digest: z.string(),
      platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
    }),
  ),
})

const CONFIG = z.object({
  config: z.object({
    User: z.string().default("0"),
    WorkingDir: z.string().default("/"),
    Entrypoint: z.array(z.string()).default([]),
    Cmd: z.array(z.string()).default([]),
    Env: z.array(z.string()).default([]),
    Labels: z.record(z.string(), z.string()).default({}),
    StopSignal: z.string().default("SIGTERM"),
    Healthcheck: z
      .object({
        Test: z.tuple([z.literal("CMD")], z.string()),
        Interval: z.number(),
        Timeout: z.number(),
        StartPeriod: z.number(),
        Retries: z.number(),
      })
      .optional(),
  }),
})

/** How often and how patiently an engine asks for a container's health. Milliseconds. */
export interface HealthTimes {
  readonly interval: number
  readonly timeout: number
  readonly startPeriod: number
  readonly retries: number
}

/** One platform's image of a layout, its files unpacked once for all containers. */
export interface UnpackedImage {
  readonly platform: PlatformName
  /** Of the platform's manifest: `sha256:…`. */
  readonly digest: string
  /** Folder with the files. Containers never write to it. */
  readonly rootfs: string
  /** What umoci makes of the image's configuration for runc. */
  readonly spec: unknown
  readonly user: string
  readonly workdir: string
  readonly entrypoint: readonly string[]
  readonly defaultArguments: readonly string[]
  readonly environment: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly stopSignal: string
  readonly health: { readonly command: readonly string[]; readonly times: HealthTimes }
}

/**
 * Unpacks one platform's image with umoci.
 *
 * @param layout folder that `runner-images build` wrote
 * @param folder where unpacked images are kept by their digests: what is there already is used
 * @throws {Error} when the layout has no image of the platform, or that has no health check
 */
export async function unpackImage(layout: string, platform: PlatformName, folder: string): Promise<UnpackedImage> {
  const manifest = await findManifest(layout, platform)
  const own = join(resolve(folder), manifest.digest.replace(":", "-"))
  const rootfs = join(own, "rootfs")
  const single = await singleLayout(layout, manifest, own)
  if (!existsSync(rootfs)) {
    // One that was interrupted is not taken for a whole one.
    await rm(`${rootfs}.new`, { recursive: true, force: true })
    await execa("umoci", ["raw", "unpack", "--image", single, `${rootfs}.new`])
    await rename(`${rootfs}.new`, rootfs)
  }
  const runtimeConfig = join(own, "config.json")
  await execa("umoci", ["raw", "runtime-config", "--image", single, "--rootfs", rootfs, runtimeConfig])
  const config = await readConfig(layout, manifest.digest)
  const health = config.Healthcheck
  if (!health) throw new Error(`the image for ${platform} in ${layout} has no health check`)
  const [, ...command] = health.Test
  return {
    platform,
    digest: manifest.digest,
    rootfs,
    spec: JSON.parse(await readFile(runtimeConfig, "utf8")) as unknown,
    user: config.User,
    workdir: config.WorkingDir,
    entrypoint: config.Entrypoint,
    defaultArguments: config.Cmd,
    environment: config.Env,
    labels: config.Labels,
    stopSignal: config.StopSignal,
    health: {
      command,
      times: {
        interval: health.Interval / NANOSECONDS,
        timeout: health.Timeout / NANOSECONDS,
        startPeriod: health.StartPeriod / NANOSECONDS,
        retries: health.Retries,
      },
    },
  }
}

type Manifest = z.infer<typeof INDEX>["manifests"][number]

/** What the index of a layout's image names. */
export async function manifestsOf(layout: string): Promise<Manifest[]> {
  const [first] = INDEX.parse(JSON.parse(await readFile(join(layout, "index.json"), "utf8"))).manifests
  return INDEX.parse(await readBlob(layout, first?.digest)).manifests
}

async function findManifest(layout: string, platform: PlatformName): Promise<Manifest> {
  const found = (await manifestsOf(layout)).find(
    ({ platform: own }) => own?.os === "linux" && own.architecture === archOf(platform),
  )
  if (!found) throw new Error(`${layout} has no image for ${platform}`)
  return found
}

async function readConfig(layout: string, digest: string): Promise<z.infer<typeof CONFIG>["config"]> {
  const { config } = z.object({ config: z.object({ digest: z.string() }) }).parse(await readBlob(layout, digest))
  return CONFIG.parse(await readBlob(layout, config.digest)).config
}

async function readBlob(layout: string, digest = "none"): Promise<unknown> {
  return JSON.parse(await readFile(join(layout, "blobs", digest.replace(":", "/")), "utf8"))
}

/**
 * A layout of one image beside the given one, since umoci reads no index of several platforms. It has no blobs of its own.
 *
 * @returns how umoci calls the image
 */
async function singleLayout(layout: string, { platform: _, ...manifest }: Manifest, folder: string): Promise<string> {
  const path = join(folder, "layout")
  const name = "image"
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true })
  await copyFile(join(layout, "oci-layout"), join(path, "oci-layout"))
  await symlink(resolve(layout, "blobs"), join(path, "blobs"))
  const named = { ...manifest, annotations: { "org.opencontainers.image.ref.name": name } }
  await writeFile(join(path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
  return `${path}:${name}`
}
