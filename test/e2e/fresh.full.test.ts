import { connection, dag, type Platform } from "@dagger.io/dagger"
import { execa } from "execa"
import { createHash } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { networkInterfaces, tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { readRecord, writeRecord } from "../../src/engine/bare/state/record.js"
import { writeRegistryStorage } from "../../src/engine/bare/instance/registry-storage.js"
import { locate } from "../../src/engine/bare/up.js"
import { BASE } from "../../src/engine/bare/state/version.js"
import { ensureOciTools } from "./oci-tools.js"
import { answer, commandLine, readReport, ROOT } from "./entry-points.js"

/**
 * An archive of packages on this host that changes between two builds. Its one package takes the place of one of Debian's,
 * by a higher version, in an instance of its own whose base image names the archive.
 */
const PACKAGE = "netbase"
const work = mkdtempSync(join(tmpdir(), "runner-images-fresh-"))
const archive = join(work, "archive")
const instance = {
  RUNNER_IMAGES_INSTANCE: "fresh",
  _EXPERIMENTAL_DAGGER_RUNNER_HOST: "",
  _EXPERIMENTAL_DAGGER_CLI_BIN: "",
}

let server: Server
let engine: { env: Record<string, string> }

async function publishVersion(version: string): Promise<void> {
  const tree = join(work, `tree-${version}`)
  mkdirSync(join(tree, "DEBIAN"), { recursive: true })
  const control = `Package: ${PACKAGE}\nVersion: ${version}\nArchitecture: all\nMaintainer: Test <test@example.test>\nDescription: changes between builds\n`
  writeFileSync(join(tree, "DEBIAN/control"), control)
  rmSync(archive, { recursive: true, force: true })
  mkdirSync(archive)
  const deb = join(archive, `${PACKAGE}_${version}_all.deb`)
  await execa("dpkg-deb", ["--build", "--root-owner-group", tree, deb])
  const sum = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex")
  const packages = `${control}Filename: ./${PACKAGE}_${version}_all.deb\nSize: ${String(statSync(deb).size)}\nSHA256: ${sum(deb)}\n\n`
  const index = join(archive, "Packages")
  writeFileSync(index, packages)
  const date = new Date().toUTCString().replace("GMT", "UTC")
  const release = `Date: ${date}\nArchitectures: amd64 arm64\nSHA256:\n ${sum(index)} ${String(packages.length)} Packages\n`
  writeFileSync(join(archive, "Release"), release)
}

/** An address of this host that containers can reach: not the loopback interface, which they have one of their own of. */
function address(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((candidate) => candidate && !candidate.internal && candidate.family === "IPv4")
  if (!found) throw new Error("this host has no address but the loopback interface's")
  return found.address
}

beforeAll(async () => {
  await ensureOciTools()
  server = createServer((request, response) => {
    try {
      response.end(readFileSync(join(archive, request.url ?? "")))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, address(), resolve))
  const bound = server.address()
  const port = typeof bound === "object" && bound ? bound.port : 0
  engine = JSON.parse(answer(await commandLine.with(instance)("engine", "up", "--json"))) as typeof engine
  Object.assign(process.env, engine.env)
  const tar = join(work, "base.tar")
  await connection(async () => {
    const bases = ["linux/amd64", "linux/arm64"].map((platform) =>
      dag
        .container({ platform: platform as Platform })
        .from("debian:trixie-slim")
        .withNewFile(
          "/etc/apt/sources.list.d/changing.list",
          `deb [trusted=yes] http://${address()}:${String(port)}/ ./\n`,
        ),
    )
    await dag.container().asTarball({ platformVariants: bases }).export(tar)
  })
  await replaceBase(tar)
})

afterAll(async () => {
  server.close()
  await commandLine.with(instance)("engine", "down")
  rmSync(work, { recursive: true, force: true })
})

/** Root may change what builds start from; nobody else, and nothing that is pushed to a registry, can. */
async function replaceBase(tar: string): Promise<void> {
  const { folder } = locate(instance.RUNNER_IMAGES_INSTANCE)
  const layout = join(folder.root, "changed-layout")
  const storage = join(folder.root, "changed-bases")
  try {
    await execa("skopeo", ["copy", "--all", `oci-archive:${tar}`, `oci:${layout}:${BASE.tag}`])
    const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] }
    const digest = index.manifests[0]?.digest ?? ""
    await writeRegistryStorage(storage, layout, { ...BASE, digest })
    // Into the same folder, which the engine's registry has mounted.
    cpSync(storage, folder.basesStorage, { recursive: true })
    const record = readRecord(folder)
    if (!record) throw new Error("the instance has no record")
    writeRecord(folder, { ...record, baseDigest: digest })
  } finally {
    for (const path of [layout, storage]) rmSync(path, { recursive: true, force: true })
  }
}

async function build(...words: string[]): Promise<{ index: string | undefined; version: string | undefined }> {
  const output = join(work, "dist")
  rmSync(output, { recursive: true, force: true })
  const call = [
    "call",
    "--sources",
    "registry",
    ...words,
    "build",
    "--platforms",
    "linux/amd64",
    "export",
    "--path",
    output,
  ]
  await execa(engine.env._EXPERIMENTAL_DAGGER_CLI_BIN ?? "dagger", call, {
    cwd: ROOT,
    env: engine.env,
    stdin: "ignore",
  })
  const report = readReport(join(output, "standard"))
  const version = report.platforms[0]?.packages.find(({ name }) => name === PACKAGE)?.version
  return { index: report.index, version }
}

it("a changed Release file leads to a new build through dagger call, an unchanged one to none", async () => {
  await publishVersion("9999-1")
  const first = await build()
  expect(first.version).toBe("9999-1")
  expect(await build("--refresh")).toEqual(first)
  await publishVersion("9999-2")
  const second = await build("--refresh")
  expect(second.version).toBe("9999-2")
  expect(second.index).not.toBe(first.index)
})
