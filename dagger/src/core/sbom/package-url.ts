import { PackageURL } from "packageurl-js"
import type { Distribution } from "../variants/bases.js"
import type { InstalledSoftware, Tool } from "../report/report.js"

/** https://github.com/package-url/purl-spec */

type Qualifiers = Readonly<Record<string, string>>

/**
 * A package of the distribution. `upstream` is its source package, if that differs: advisories name source packages, and scanners find it there.
 *
 * @example debianUrl({ name: "tzdata", version: "2026a-1+b1", architecture: "all", source: { name: "tz", version: "2026a-1" } }, { id: "debian", version: "13" })
 *   ⇒ "pkg:deb/debian/tzdata@2026a-1%2Bb1?arch=all&distro=debian-13&upstream=tz%402026a-1"
 */
export function debianUrl(
  { name, version, architecture, source }: InstalledSoftware["packages"][number],
  { id, version: release }: Distribution,
): string {
  const own = source.name === name && source.version === version
  return packageUrl("deb", id, name, version, {
    arch: architecture,
    distro: `${id}-${release}`,
    ...(own ? {} : { upstream: source.version === version ? source.name : `${source.name}@${source.version}` }),
  })
}

/** @example npmUrl("@npmcli/arborist", "9.0.0") ⇒ "pkg:npm/%40npmcli/arborist@9.0.0" */
export function npmUrl(name: string, version: string): string {
  return pathUrl("npm", name, version)
}

/** @example goUrl("golang.org/toolchain", "v0.0.1-go1.26.8.linux-arm64") ⇒ "pkg:golang/golang.org/toolchain@v0.0.1-go1.26.8.linux-arm64" */
export function goUrl(module: string, version: string): string {
  return pathUrl("golang", module, version)
}

/**
 * A file of a vendor: a release on GitHub, or else one that only its own address names.
 *
 * @param url of its download
 */
export function downloadUrl({ name, version, sha256 }: Pick<Tool, "name" | "version" | "sha256">, url: string): string {
  const [, owner, repository, tag] =
    /^https:\/\/github\.com\/([^/]+)\/([^/]+)\/releases\/download\/([^/]+)\//.exec(url) ?? []
  const file = { download_url: url, ...(sha256 === undefined ? {} : { checksum: `sha256:${sha256}` }) }
  if (owner !== undefined && repository !== undefined && tag !== undefined)
    return packageUrl("github", owner, repository, decodeURIComponent(tag), file)
  return packageUrl("generic", undefined, name, version, file)
}

/** @param digest of its manifest */
export function imageUrl(name: string, digest: string, arch: string): string {
  return packageUrl("oci", undefined, name, digest, { arch })
}

/**
 * An image in a registry.
 *
 * @param reference with a digest
 * @example baseImageUrl("docker.io/library/debian:trixie-slim@sha256:ab…")
 *   ⇒ "pkg:oci/debian@sha256:ab…?repository_url=docker.io%2Flibrary%2Fdebian&tag=trixie-slim"
 */
export function baseImageUrl(reference: string): string {
  const [, repository = reference, tag, digest = ""] = /^([^@]+?)(?::([^/:@]+))?@(.+)$/.exec(reference) ?? []
  const name = repository.slice(repository.lastIndexOf("/") + 1)
  return packageUrl("oci", undefined, name, digest, {
    repository_url: repository,
    ...(tag === undefined ? {} : { tag }),
  })
}

/** The namespace is everything before a name's last slash. */
function pathUrl(type: string, path: string, version: string): string {
  const slash = path.lastIndexOf("/")
  return packageUrl(type, slash < 0 ? undefined : path.slice(0, slash), path.slice(slash + 1), version)
}

function packageUrl(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers: Qualifiers = {},
): string {
  const made = new PackageURL(type, namespace, name, version, { ...qualifiers }, undefined).toString()
  // The specification always encodes a plus and never a colon; the library does neither everywhere.
  return made.replaceAll("+", "%2B").replaceAll("%3A", ":")
}
