import { connection } from "@dagger.io/dagger"
import { describe, expect, it } from "vitest"
import { archiveCacheBuster } from "../../dagger/src/core/packages/cache-buster.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { hostUploads } from "../../src/session/host-uploads.js"

describe("the native side", () => {
  it("has the base that a lock names, and refuses one that is not to be had", async () => {
    let bases: string[] = []
    let refused: unknown
    await connection(async () => {
      const { base } = await openEngineHost(hostUploads())
      const digest = base.slice(base.indexOf("@") + 1)
      bases = [base, (await openEngineHost(hostUploads(), { digest })).base]
      refused = await openEngineHost(hostUploads(), { digest: `sha256:${"0".repeat(64)}` }).catch(
        (error: unknown) => error,
      )
    })
    expect(bases[1]).toBe(bases[0])
    expect(refused).toMatchObject({
      code: "LOCK_INVALID",
      problem: `The base image of the lock cannot be found: debian:trixie-slim@sha256:${"0".repeat(64)}.`,
    })
  })

  it("has the same toolbox on the next day, unless its packages have changed, and nothing in its environment tells of it", async () => {
    const logs: string[] = []
    let environment = ""
    await connection(async () => {
      // Today's archive, which other tests have read, and one that is read now, as on a new day.
      for (const archive of [undefined, archiveCacheBuster(false), archiveCacheBuster(true)]) {
        const { toolbox } = await openEngineHost(hostUploads(), { archive })
        // When apt began to install them, by the second.
        logs.push(await toolbox.file("/var/log/apt/history.log").contents())
        environment = await toolbox.withExec(["env"]).stdout()
      }
    })
    expect(logs[0]).toMatch(/^Start-Date: /m)
    expect(logs[1]).toBe(logs[0])
    expect(logs[2]).toBe(logs[0])
    expect(environment).not.toContain("ARCHIVE_CACHE_BUSTER")
  })
})
