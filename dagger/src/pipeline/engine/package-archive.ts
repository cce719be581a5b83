import type { Container, Directory, Service } from "@dagger.io/dagger"
import { RunnerImagesError } from "../../core/errors.js"
import { parseReleases, type ReleaseFile } from "../../core/packages/releases.js"
import { requireSnapshotReachable, snapshotSources, type Snapshot } from "../../core/packages/snapshot.js"
import type { ArchivedPackage } from "../../core/packages/resolved-packages.js"
import { PLATFORMS, spelling } from "../../core/platforms.js"
import { script } from "./script.js"
import { servicePort } from "./service.js"
import type { Uploads } from "./uploads.js"

/** A native container whose apt finds the packages of every platform, and what brings files into it. */
interface Native {
  container: Container
  uploads: Uploads
}

/** The state of the distribution's archive at one time. */
export interface Archive {
  releases: ReleaseFile[]
  /** apt's lists for every platform of the table. */
  lists: Directory
  /** What replaces apt's sources, if the lists are those of snapshots. */
  sources?: Directory
  /** The server of those, if containers reach it only as a service. */
  service?: Service
}

/** The archive at other times than now. */
export interface SnapshotAccess {
  snapshot: Snapshot
  /** Its server, if the engine's containers cannot reach it by name. */
  service?: Service | undefined
}

/** Where apt has its lists. */
export const LISTS = "/var/lib/apt/lists"

/** The bound server's host name in containers. */
const SNAPSHOT_ALIAS = "package-snapshot"
const SNAPSHOT_SOURCES = "/snapshots"
export const SNAPSHOT_CONFIG = `Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "${SNAPSHOT_SOURCES}";
Acquire::Check-Valid-Until "false";
`

/**
 * Reads the archive's state, once for all platforms.
 *
 * @param cacheBuster the day, or a time for "now"; the same value is answered from the cache
 * @param access reads these states instead, which never change
 * @throws RunnerImagesError SNAPSHOT_INVALID when the snapshots' server is on the loopback interface and no service
 */
export async function readArchive(engineHost: Native, cacheBuster: string, access?: SnapshotAccess): Promise<Archive> {
  const architectures = PLATFORMS.map((platform) => `"${spelling(platform).debian}";`).join(" ")
  const config = `APT::Architectures { ${architectures} };\nAcquire::Languages "none";\n`
  const sources = access && (await sourcesOf(engineHost, access))
  const service = access?.service
  const updated = withSnapshots(engineHost.container, { sources, service })
    .withMountedDirectory(
      "/plan",
      engineHost.uploads.directory({
        "releases.sh": script("releases.sh"),
        "apt.conf": sources ? config + SNAPSHOT_CONFIG : config,
      }),
    )
    .withEnvVariable("APT_CONFIG", "/plan/apt.conf")
    .withEnvVariable("ARCHIVE_CACHE_BUSTER", access ? access.snapshot.times.join(" ") : cacheBuster)
    .withExec(["sh", "/plan/releases.sh"])
  return {
    releases: parseReleases(await updated.stdout()),
    lists: updated.directory(LISTS),
    ...(sources ? { sources } : {}),
    ...(service ? { service } : {}),
  }
}

/** apt's sources for the snapshots. */
async function sourcesOf({ container, uploads }: Native, { snapshot, service }: SnapshotAccess): Promise<Directory> {
  requireSnapshotReachable(snapshot, service !== undefined)
  const plan = {
    "snapshot-sources.sh": script("snapshot-sources.sh"),
    snapshots: snapshotSources(snapshot, service && (await originOf(snapshot, service))),
  }
  return container
    .withMountedDirectory("/plan", uploads.directory(plan))
    .withExec(["sh", "/plan/snapshot-sources.sh"])
    .directory(SNAPSHOT_SOURCES)
}

/** A container whose apt reads the snapshots' lists, and one that reaches their server, as far as there is any. */
export function withSnapshots(
  container: Container,
  { sources, service }: { sources?: Directory | undefined; service?: Service | undefined },
): Container {
  const bound = service ? container.withServiceBinding(SNAPSHOT_ALIAS, service) : container
  return sources ? bound.withMountedDirectory(SNAPSHOT_SOURCES, sources) : bound
}

/**
 * The native container with package files in /debs. The cache key is their URLs and checksums, so an unchanged set is never fetched again.
 *
 * @param service the server that has them, if containers reach it only as a service
 */
export function withPackageFiles(
  { container, uploads }: Native,
  packages: readonly Pick<ArchivedPackage, "uri" | "file" | "sha256">[],
  service?: Service,
): Container {
  const uris = packages.map(({ uri, file, sha256 }) => `${uri} ${file} ${sha256}\n`).join("")
  return withSnapshots(container, { service })
    .withMountedDirectory("/plan", uploads.directory({ uris, "download.sh": script("download.sh") }))
    .withExec(["sh", "/plan/download.sh"])
}

/** How containers reach a service that has the snapshots. */
async function originOf(snapshot: Snapshot, service: Service): Promise<string> {
  const port = await servicePort(service, snapshot.port)
  if (typeof port === "number") return `${new URL(snapshot.url).protocol}//${SNAPSHOT_ALIAS}:${String(port)}`
  throw new RunnerImagesError(
    "SNAPSHOT_INVALID",
    `The snapshots' service has the ports ${port.join(", ")}, but ${snapshot.url} names none of them.`,
    "Add the port to the URL.",
  )
}
