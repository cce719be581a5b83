import { connection, dag } from "@dagger.io/dagger"
import { execa } from "execa"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { registryService } from "../integration/registry-services.js"
import { answer, commandLine, ROOT } from "./entry-points.js"
import { hostUploads } from "../../src/session/host-uploads.js"

const FIRST = "1".repeat(40)
const SECOND = "2".repeat(40)
const LATEST = "/manifests/latest-act"

/** Runs a piece of work with a registry on this host's loopback: `host:port`. */
async function withRegistry(work: (address: string) => Promise<void>): Promise<void> {
  await connection(async () => {
    const engineHost = await openEngineHost(hostUploads())
    const tunnel = await dag.host().tunnel(registryService(engineHost)).start()
    await work((await tunnel.endpoint()).replace("localhost", "127.0.0.1"))
  })
}

/** Hands everything on to a registry, and keeps back what would set the tag that everybody follows. */
async function holdingLatest(address: string): Promise<{ address: string; held: Promise<void>; close: () => void }> {
  const [host = "", port = ""] = address.split(":")
  let hold: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    hold = resolve
  })
  const server = createServer((incoming, outgoing) => {
    const { url = "", method, headers } = incoming
    if (method === "PUT" && url.endsWith(LATEST)) {
      hold()
      return
    }
    const onward = request({ host, port, path: url, method, headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
      reply.pipe(outgoing)
    })
    onward.on("error", () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, held, close }
}

const publish = (repository: string, revision: string) => [
  ...["publish", "--sources", "registry", "--runner", "act", "--platforms", "linux/amd64"],
  ...["--repository", repository, "--tags", "latest,1.2"],
  ...["--source-url", "https://git.example.com/owner/runner", "--source-revision", revision],
]

const digestIn = async (repository: string, tag: string) => {
  const words = ["inspect", "--raw", "--tls-verify=false", `docker://${repository}:${tag}`]
  const { stdout } = await execa("skopeo", words, { stripFinalNewline: false })
  return `sha256:${(await execa("sha256sum", { input: stdout })).stdout.split(" ")[0] ?? ""}`
}

describe("a publication that is stopped between tags", () => {
  it.each<[NodeJS.Signals[]]>([[["SIGINT"]], [["SIGTERM", "SIGTERM"]]])(
    "by %j says what moved, from which digest, and how to go back",
    async (signals) => {
      await withRegistry(async (registry) => {
        const direct = `${registry}/stopped`
        const [, from = ""] = answer(await commandLine(...publish(direct, FIRST)))
          .trim()
          .split("@")
        const between = await holdingLatest(registry)
        const repository = `${between.address}/stopped`
        try {
          const run = execa(join(ROOT, "runner-images"), publish(repository, SECOND), {
            ...{ cwd: ROOT, reject: false, stdin: "ignore", env: { CI: "1", NO_COLOR: "1" } },
            // One that hangs is shown with what it had printed: this test's own limit would only say that it was reached.
            ...{ timeout: 10 * 60_000, killSignal: "SIGKILL" },
          })
          const early = run.then((ended) => {
            throw new Error(`ended before its last tag: ${String(ended.exitCode)}\n${ended.stderr.slice(-3000)}`)
          })
          await Promise.race([between.held, early])
          early.catch(() => undefined)
          for (const signal of signals) {
            run.kill(signal)
            await new Promise((resolve) => setTimeout(resolve, 100))
          }
          const { exitCode, stdout, stderr } = await run
          expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" })
          const to = await digestIn(direct, "1.2-act")
          expect(to).not.toBe(from)
          const words = stderr.replaceAll(from, "FIRST").replaceAll(to, "SECOND").replaceAll(repository, "NAME")
          // In the log before anything moved, for whoever kills this program.
          expect(words).toContain("to be tagged: NAME:latest-act, from FIRST to SECOND\n")
          expect(words.slice(words.lastIndexOf("Stopped."))).toMatchInlineSnapshot(`
            "Stopped.
              1 of 2 tags were set:
                set: NAME:1.2-act, from FIRST to SECOND
                unknown: NAME:latest-act, from FIRST to SECOND, was being set
              To continue, publish again. To undo, after skopeo login if the registry requires it:
                NAME:1.2-act: skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://NAME@FIRST docker://NAME:1.2-act
                NAME:latest-act: check what it points to (skopeo inspect --raw --tls-verify=false docker://NAME:latest-act | sha256sum), then: skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://NAME@FIRST docker://NAME:latest-act"
          `)
          const [command = ""] = /skopeo copy .*1\.2-act$/m.exec(stderr) ?? []
          await execa("sh", ["-c", command])
          expect(await digestIn(direct, "1.2-act")).toBe(from)
          expect(await digestIn(direct, "latest-act")).toBe(from)
        } finally {
          between.close()
        }
      })
    },
  )
})
