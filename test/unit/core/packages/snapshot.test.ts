import { describe, expect, it } from "vitest"
import type { Lock } from "../../../../dagger/src/core/packages/lock.js"
import {
  parseSnapshot,
  requireSnapshotReachable,
  snapshotSources,
} from "../../../../dagger/src/core/packages/snapshot.js"

const release = (date: string) => ({ name: "trixie_InRelease", sha256: "a".repeat(64), date })
const LOCK: Lock = {
  releases: [release("2026-11-20T02:15:35.000Z"), release("2026-11-28T02:53:01.000Z")],
  platforms: {},
}
const NOW = new Date("2026-11-28T10:00:00Z")

describe("snapshots of the archive", () => {
  it("are those from the lock's newest Release file on, as far as they exist", () => {
    expect(parseSnapshot("distribution", "debian:trixie-slim", LOCK, NOW)).toEqual({
      url: "http://snapshot.debian.org/archive",
      host: "snapshot.debian.org",
      port: 80,
      loopback: false,
      times: ["20261128T025301Z", "20261128T085301Z"],
      archives: {
        "http://deb.debian.org/debian": "debian",
        "http://deb.debian.org/debian-security": "debian-security",
      },
    })
  })

  it("replace the URLs in apt's sources, once for each time", () => {
    const debian = parseSnapshot("distribution", "debian:trixie-slim", LOCK, NOW)
    expect(snapshotSources(debian)).toBe(
      [
        "1 http://deb.debian.org/debian http://snapshot.debian.org/archive/debian/20261128T025301Z",
        "1 http://deb.debian.org/debian-security http://snapshot.debian.org/archive/debian-security/20261128T025301Z",
        "2 http://deb.debian.org/debian http://snapshot.debian.org/archive/debian/20261128T085301Z",
        "2 http://deb.debian.org/debian-security http://snapshot.debian.org/archive/debian-security/20261128T085301Z",
        "",
      ].join("\n"),
    )
    const ubuntu = parseSnapshot("distribution", "ubuntu:24.04", LOCK, new Date("2026-11-28T03:00:00Z"))
    expect(snapshotSources(ubuntu)).toBe(
      [
        "1 http://archive.ubuntu.com/ubuntu https://snapshot.ubuntu.com/ubuntu/20261128T025301Z",
        "1 http://ports.ubuntu.com/ubuntu-ports https://snapshot.ubuntu.com/ubuntu/20261128T025301Z",
        "",
      ].join("\n"),
    )
  })

  it("are reached by another name if they are a service", () => {
    const local = parseSnapshot("http://127.0.0.1:8080/archive/", "debian:trixie-slim", LOCK, NOW)
    expect(local).toMatchObject({ url: "http://127.0.0.1:8080/archive", port: 8080, loopback: true })
    expect(snapshotSources(local, "http://package-snapshot:8080")).toContain(
      " http://package-snapshot:8080/archive/debian/20261128T025301Z\n",
    )
    expect(() => {
      requireSnapshotReachable(local, false)
    }).toThrow(/--snapshot-service tcp:\/\/127\.0\.0\.1:8080\. \[SNAPSHOT_INVALID\]$/)
    expect(() => {
      requireSnapshotReachable(local, true)
    }).not.toThrow()
  })

  it.each<[string, Lock | undefined, string]>([
    ["distribution", undefined, "no meaning without --lock"],
    ["distribution", { platforms: {} }, "does not name the archive's Release files"],
    ["yesterday", LOCK, "is not a URL"],
    ["ftp://snapshot.example.com", LOCK, "does not use http or https"],
    ["https://user:secret@snapshot.example.com", LOCK, "has credentials"],
    ["https://snapshot.example.com/?a", LOCK, "a query"],
  ])("are refused: %s", (given, lock, why) => {
    const refused = () => parseSnapshot(given, "debian:trixie-slim", lock, NOW)
    expect(refused).toThrow(new RegExp(`${why}.*\\[SNAPSHOT_INVALID\\]$`))
    expect(refused).not.toThrow(/secret/)
  })
})
