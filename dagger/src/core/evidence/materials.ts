import { archIn } from "../sbom/bill.js"
import { baseImageUrl, debianUrl, goUrl, npmUrl } from "../sbom/package-url.js"
import type { PlatformReport, Report, Tool } from "../report/report.js"
import { distributionOf, parseBase, type Distribution } from "../variants/bases.js"
import type { Resource } from "./statement.js"

/**
 * Everything that was fetched to build images, by digest: the base image, the package archive's Release files, the packages of the lock, the
 * tools, and this project's source code. Each once, in the order of their addresses.
 */
export function materialsOf(report: Report, platforms: readonly PlatformReport[]): Resource[] {
  const distribution = report.request && distributionOf(parseBase(report.request.base))
  const all = [
    ...sourceCode(report),
    ...report.releases.map(releaseFile),
    ...platforms.flatMap((entry) => [
      baseImage(entry),
      ...(distribution ? lockedPackages(entry, distribution) : []),
      ...entry.tools.flatMap(toolFile),
    ]),
  ]
  const byText = new Map(all.map((material) => [JSON.stringify(material), material]))
  return [...byText].sort(([a], [b]) => (sortKey(a) < sortKey(b) ? -1 : 1)).map(([, material]) => material)
}

/** By address, and by everything else where two have the same. */
function sortKey(text: string): string {
  const { uri = "", name = "" } = JSON.parse(text) as Resource
  return `${uri}\n${name}\n${text}`
}

function sourceCode({ request }: Report): Resource[] {
  const { url, revision } = request?.source ?? {}
  if (url === undefined && revision === undefined) return []
  return [
    {
      name: "source code",
      ...(url === undefined ? {} : { uri: `git+${url}${revision === undefined ? "" : `@${revision}`}` }),
      // Other version control systems' revisions are no digests.
      ...(revision !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision)
        ? { digest: { gitCommit: revision } }
        : {}),
    },
  ]
}

/** @example releaseFile({ name: "deb.example_debian_dists_trixie_InRelease", … }): apt's name for it cannot be turned back into its address */
function releaseFile({ name, sha256, date }: Report["releases"][number]): Resource {
  return { name, digest: { sha256 }, annotations: { date } }
}

/** The digest is that of the index, which is the same for all platforms. */
function baseImage({ base }: PlatformReport): Resource {
  const [, sha256] = /@sha256:([0-9a-f]{64})$/.exec(base) ?? []
  return { name: "base image", uri: baseImageUrl(base), ...(sha256 === undefined ? {} : { digest: { sha256 } }) }
}

/** A package that the installation removed again is not in dpkg's list, so its source package is not known. */
function lockedPackages({ platform, packages, installed }: PlatformReport, distribution: Distribution): Resource[] {
  const known = new Map(installed?.packages.map((one) => [`${one.name} ${one.version}`, one]))
  return packages.map(({ name, version, sha256 }) => {
    const found = known.get(`${name} ${version}`) ?? {
      name,
      version,
      architecture: archIn(platform),
      source: { name, version },
    }
    return { uri: debianUrl(found, distribution), digest: { sha256 } }
  })
}

/** Nothing for a tool that is a package of the distribution: the lock has it. */
function toolFile({ name, source, sha256, integrity }: Tool): Resource[] {
  const [, registry, path, version] = /^(deb|npm|go):(.+?)(?:@([^@]+))?$/.exec(source) ?? []
  if (registry === "deb") return []
  if (path === undefined || version === undefined)
    return [{ name, uri: source, ...(sha256 === undefined ? {} : { digest: { sha256 } }) }]
  const uri = registry === "npm" ? npmUrl(path, version) : goUrl(path, version)
  const digest = { ...(sha256 === undefined ? {} : { sha256 }), ...integrityDigest(integrity) }
  return [{ name, uri, ...(Object.keys(digest).length === 0 ? {} : { digest }) }]
}

/** @example integrityDigest("h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=") ⇒ { dirHash: "2a1bb612…" } */
function integrityDigest(integrity = ""): Record<string, string> {
  const [, algorithm, base64 = ""] = /^(sha512-|h1:)(.+)$/.exec(integrity) ?? []
  const bytes = Buffer.from(base64, "base64")
  if (algorithm === "h1:" && bytes.length === 32) return { dirHash: bytes.toString("hex") }
  if (algorithm === "sha512-" && bytes.length === 64) return { sha512: bytes.toString("hex") }
  return {}
}
