import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connection, dag } from "@dagger.io/dagger"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DEFAULT_BASE } from "../../dagger/src/core/variants/bases.js"
import { withBaseDigests } from "../../dagger/src/pipeline/engine/base-digests.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { recordedBases } from "../../src/engine/bare/instance/known.js"
import { writeLayout } from "../../src/engine/bare/artefacts/oci-layout.js"
import { LOCAL_REGISTRY, loginTo, withRegistryLogin } from "../local-registry.js"
import { hostUploads } from "../../src/session/host-uploads.js"

/** Local users without any rights, who need no account for that. */
const STRANGERS = ["64321", "65534"]
const POISON = "foreign-file"
const TARGET = "library/debian:trixie-slim"
const ENGINE = process.env._EXPERIMENTAL_DAGGER_RUNNER_HOST ?? ""

const scratch = mkdtempSync(join(tmpdir(), "bare-engine-users-"))
const layout = join(scratch, "layout")

function as(user: string, ...command: string[]) {
  const identity = ["--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
  const env = { PATH: process.env.PATH ?? "", HOME: scratch, XDG_RUNTIME_DIR: scratch }
  return execa("setpriv", [...identity, ...command], { reject: false, extendEnv: false, env })
}

const PUSH = [
  ...["skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false"],
  ...[`oci:${layout}:try`, `docker://${LOCAL_REGISTRY}/${TARGET}`],
]

/** What a build starts from, asked again: by its tag, as dagger call does, and as the command line does. */
async function bases(): Promise<{ entries: string[]; byTag: string; recorded: string }> {
  let found = { entries: [] as string[], byTag: "", recorded: "" }
  await connection(async () => {
    const tagged = dag.container().from(DEFAULT_BASE)
    const { base } = await withBaseDigests(recordedBases(ENGINE) ?? {}, () => openEngineHost(hostUploads()))
    found = { entries: await tagged.rootfs().entries(), byTag: await tagged.imageRef(), recorded: base }
  })
  return found
}

function genuine(): string {
  return `docker.io/library/${DEFAULT_BASE}@${recordedBases(ENGINE)?.[DEFAULT_BASE] ?? "not recorded"}`
}

describe.skipIf(LOCAL_REGISTRY === "" || process.getuid?.() !== 0)("other local users and the bare engine", () => {
  beforeAll(async () => {
    mkdirSync(join(scratch, "root"))
    writeFileSync(join(scratch, "root", POISON), "of another user\n")
    const rootfs = join(scratch, "root.tar")
    await execa("tar", ["-cf", rootfs, "-C", join(scratch, "root"), "."])
    const architecture = process.arch === "arm64" ? "arm64" : "amd64"
    await writeLayout(layout, "try", "2026-01-01T00:00:00Z", [{ architecture, rootfs }])
    chmodSync(scratch, 0o755)
  })

  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true })
  })

  it.each(STRANGERS)("user %s cannot replace the base image, and is told why", async (user) => {
    const pushed = await as(user, ...PUSH)
    const found = await bases()
    expect(found.entries).not.toContain(POISON)
    expect(found).toMatchObject({ byTag: genuine(), recorded: genuine() })
    expect(pushed.stderr).toContain("authentication required")
    expect(pushed.exitCode).toBe(1)
  })

  it.each(STRANGERS)("user %s reads neither the password nor an image", async (user) => {
    const file = process.env.RUNNER_IMAGES_REGISTRY_PASSWORD_FILE ?? ""
    expect(existsSync(file)).toBe(true)
    const { password } = loginTo(LOCAL_REGISTRY)
    expect(readFileSync(file, "utf8").trim()).toBe(password)
    const read = await as(user, "cat", file)
    expect([read.exitCode, read.stdout]).toEqual([1, ""])
    expect(read.stderr).toContain("Permission denied")

    const runtime = ENGINE.replace(/^unix:\/\/(.*)\/[^/]+$/, "$1")
    const readable = await as(
      user,
      "sh",
      "-c",
      `cat ${runtime}/* /run/runner-images/* /proc/[0-9]*/cmdline 2>/dev/null`,
    )
    // It is what everybody may read about the engine, and means something only if that was read.
    expect(readable.stdout).toContain("registry-writable.json")
    expect(readable.stdout).not.toContain(password)

    const catalog = await fetch(`http://${LOCAL_REGISTRY}/v2/_catalog`)
    expect([catalog.status, await catalog.text()]).toEqual([401, expect.stringContaining("UNAUTHORIZED")])
  })

  it("the password is in no process's environment either", () => {
    const { password } = loginTo(LOCAL_REGISTRY)
    const environments = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, "utf8")
        } catch {
          return ""
        }
      })
    expect(environments.some((text) => text.includes("RUNNER_IMAGES_ENGINE_MARKER"))).toBe(true)
    expect(environments.filter((text) => text.includes(password))).toEqual([])
  })

  it("who may push changes the base image no more than others: it is not kept there", async () => {
    const [program = "", ...words] = PUSH
    await withRegistryLogin((env) => execa(program, words, { env }))
    try {
      const found = await bases()
      expect(found.entries).not.toContain(POISON)
      expect(found).toMatchObject({ byTag: genuine(), recorded: genuine() })
    } finally {
      const removal = ["delete", "--tls-verify=false", `docker://${LOCAL_REGISTRY}/${TARGET}`]
      await withRegistryLogin((env) => execa("skopeo", removal, { env }))
    }
  })

  it("what it changed on the host is written down where other versions of this program look for it", () => {
    const id = ENGINE.split("/").at(-2) ?? ""
    const state = JSON.parse(readFileSync("/run/runner-images/ledger.json", "utf8")) as {
      instances: Record<string, { record: string }>
    }
    expect(state).toMatchObject({
      instances: { [id]: { link: expect.any(String) as string, registryPort: expect.any(Number) as number } },
      forwardingSwitchedOn: expect.any(Array) as string[],
      binfmtWasUnmounted: expect.any(Boolean) as boolean,
    })
    const record = JSON.parse(readFileSync(state.instances[id]?.record ?? "", "utf8")) as { changes: object[] }
    expect(record).toMatchObject({ schemaVersion: 1, id, processes: { engine: { pid: expect.any(Number) as number } } })
    expect(record.changes).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "interface" })]))
  })

  it("a recorded base that cannot be had is an error, and nothing takes its place", async () => {
    await connection(async () => {
      const missing = { [DEFAULT_BASE]: `sha256:${"0".repeat(64)}` }
      await expect(withBaseDigests(missing, () => openEngineHost(hostUploads()))).rejects.toMatchObject({
        code: "ENGINE_STATE",
        problem: expect.stringContaining(`no longer has the base image ${DEFAULT_BASE}@sha256:000`) as string,
      })
    })
  })
})
