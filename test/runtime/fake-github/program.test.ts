import { build } from "esbuild"
import { execa } from "execa"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

// The program as a container has it: one file, and Node.js alone.
const SOURCE = join(import.meta.dirname, "../../fake-github/main.ts")

let folder: string
let program: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fake-github-"))
  program = join(folder, "fake-github.mjs")
  await build({
    entryPoints: [SOURCE],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    outfile: program,
    // Packages in CommonJS require Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  })
})
afterAll(() => rm(folder, { recursive: true }))

async function run<T>(
  args: readonly string[],
  use: (started: { url: string; api: string; port: number }) => Promise<T>,
): Promise<T> {
  const child = execa(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH },
    extendEnv: false,
    reject: false,
  })
  try {
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()))
      child.stdout.once("end", () => reject(new Error("it ended")))
    })
    return await use(JSON.parse(line) as { url: string; api: string; port: number })
  } finally {
    child.kill("SIGTERM")
    expect((await child).exitCode).toBe(0)
  }
}

describe("the program", () => {
  it("says where it listens, and has what the command line names", async () => {
    await run(["--repository", "octo/example", "--token", "ghp_valid"], async ({ url, api, port }) => {
      expect([url, api]).toEqual([`http://127.0.0.1:${String(port)}`, `http://127.0.0.1:${String(port)}/api/v3`])
      const response = await fetch(`${api}/repos/octo/example/actions/runners/registration-token`, {
        method: "POST",
        headers: { authorization: "Bearer ghp_valid" },
      })
      expect(response.status).toBe(201)
    })
  })

  it("speaks HTTPS with a certificate of its own, which clients can trust", async () => {
    const ca = join(folder, "ca.pem")
    await run(["--tls", "--tls-name", "localhost", "--tls-ca-out", ca], async ({ url, port }) => {
      expect(url).toBe(`https://127.0.0.1:${String(port)}`)
      const trusted = await readFile(ca)
      const status = await new Promise((resolve, reject) => {
        request({ host: "127.0.0.1", port, path: "/_fake", servername: "localhost", ca: trusted }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .once("error", reject)
          .end()
      })
      expect(status).toBe(200)
      await expect(fetch(`${url}/_fake`)).rejects.toThrow()
    })
  })

  it("explains itself", async () => {
    const { stdout, exitCode } = await execa(process.execPath, [program, "--help"])
    expect(exitCode).toBe(0)
    for (const option of ["port", "host", "tls", "tls-cert", "tls-key", "repository", "token"])
      expect(stdout).toContain(`--${option} `)
  })
})
