import { execa } from "execa"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { parseFileManifest, type FileManifest } from "../../dagger/src/core/parity/file-manifest.js"
import { replacements } from "../../dagger/src/core/parity/arch-neutral.js"
import { installedPackages } from "../../dagger/src/core/packages/dpkg-status.js"
import type { ImageContents } from "../../dagger/src/core/parity/image-facts.js"
import { parseImageReference } from "../../dagger/src/core/text/reference.js"
import { manifestsOf, type UnpackedImage } from "../lifecycle/oci-image.js"

/** The only places where an image has files that no package of the distribution brought. */
const OWN_FOLDERS = ["/usr/local", "/opt", "/home"]

const FILE_MANIFEST = new URL("../../dagger/scripts/file-manifest.mjs", import.meta.url).pathname

/**
 * An OCI layout with all platforms of an image.
 *
 * @param reference a layout's folder, which is used as it is, or an image in a registry; without TLS on the loopback interface only
 * @param folder where an image from a registry is copied to
 * @throws {Error} when the registry does not give it
 */
export async function layoutOf(reference: string, folder: string): Promise<string> {
  if (existsSync(join(reference, "oci-layout"))) return reference
  const tls = parseImageReference(reference).repository.loopback ? ["--src-tls-verify=false"] : []
  const words = [
    "copy",
    "--quiet",
    "--all",
    "--preserve-digests",
    ...tls,
    `docker://${reference}`,
    `oci:${folder}:image`,
  ]
  await execa("skopeo", words)
  return folder
}

/** The platforms of a layout's image, as its index names them: `linux/amd64`. */
export async function platformsOf(layout: string): Promise<string[]> {
  return (await manifestsOf(layout)).map(({ platform }) => `${platform?.os ?? ""}/${platform?.architecture ?? ""}`)
}

/** Every path of an image: type, owner, mode, and what kind of machine code a file has. */
export async function filesOf({ rootfs, platform }: UnpackedImage): Promise<FileManifest> {
  const words = [FILE_MANIFEST, rootfs, JSON.stringify(replacements(platform))]
  return parseFileManifest((await execa(process.execPath, words, { maxBuffer: 2 ** 30 })).stdout)
}

/** What is compared between the platforms: the configuration, the packages, the accounts, and all files that no package brought. */
export async function contentsOf(image: UnpackedImage, files: FileManifest): Promise<ImageContents> {
  const read = (path: string) => readFile(join(image.rootfs, path), "utf8")
  const [status, passwd, group] = await Promise.all(["var/lib/dpkg/status", "etc/passwd", "etc/group"].map(read))
  const { platform, user, workdir, entrypoint, defaultArguments, labels } = image
  const environment = Object.fromEntries(image.environment.map((line) => line.split(/=(.*)/s, 2) as [string, string]))
  return {
    platform,
    configuration: { user, workdir, entrypoint, defaultArguments, environment, labels },
    packages: installedPackages(status ?? ""),
    requested: [],
    tools: [],
    accounts: { passwd: passwd ?? "", group: group ?? "" },
    files: new Map([...files].filter(([path]) => OWN_FOLDERS.some((own) => path.startsWith(`${own}/`)))),
  }
}
