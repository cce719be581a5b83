import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connection, dag } from "@dagger.io/dagger"
import { execa } from "execa"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { writeLayout } from "../../src/engine/bare/oci-layout.js"

/** The registry of the bare engine that these tests run on, when it is one. */
const registry = process.env.RUNNER_IMAGES_TEST_REGISTRY ?? ""
/** A local user without any rights, who needs no account for that. */
const STRANGER = "64321"
const POISON = "foreign-file"
const TARGET = "library/debian:trixie-slim"

const scratch = mkdtempSync(join(tmpdir(), "bare-engine-users-"))
const layout = join(scratch, "layout")

function asStranger(...command: string[]) {
  const user = ["--reuid", STRANGER, "--regid", STRANGER, "--clear-groups", "--no-new-privs"]
  return execa("setpriv", [...user, ...command], { reject: false, env: { HOME: scratch, XDG_RUNTIME_DIR: scratch } })
}

const push = (...options: string[]) => [
  ...["skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false", ...options],
  ...[`oci:${layout}:try`, `docker://${registry}/${TARGET}`],
]

/** What a build starts from, asked anew. */
async function entriesOfBase(): Promise<string[]> {
  let entries: string[] = []
  await connection(async () => {
    entries = await dag.container().from("debian:trixie-slim").rootfs().entries()
  })
  return entries
}

describe.skipIf(registry === "" || process.getuid?.() !== 0)("another local user and the bare engine", () => {
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

  it("cannot replace the base image", async () => {
    const pushed = await asStranger(...push())
    expect(await entriesOfBase()).not.toContain(POISON)
    expect([pushed.exitCode, pushed.stderr]).toEqual([1, expect.stringContaining("authentication required")])
  })
})
