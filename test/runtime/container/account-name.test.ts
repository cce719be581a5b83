import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { accountVariables } from "../../../docker/runtime/src/container/accounts/account-name.js"
import { userFolders } from "../../../docker/runtime/src/container/user-folders.js"

let root: string
const at = (name: string): string => join(root, name)

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "runner-account-"))
  for (const name of ["etc", "usr/lib/any-linux-gnu", "state"]) mkdirSync(at(name), { recursive: true })
  writeFileSync(at("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\nrunner:x:1001:1001::/home/runner:/bin/bash\n")
  writeFileSync(at("etc/group"), "root:x:0:\nrunner:x:1001:\ndocker:x:123:runner\n")
  writeFileSync(at("usr/lib/any-linux-gnu/libnss_wrapper.so"), "")
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const variables = (uid: number, gid: number, environment: Record<string, string> = {}) =>
  accountVariables({ uid, gid, home: "/tmp/home", environment, root, folder: at("state") })

it.each([0, 1001])("user %i has an account", (uid) => {
  expect(variables(uid, 0)).toEqual({})
})

it("a user without an account takes the name of the image's own", () => {
  expect(variables(4711, 4712)).toEqual({
    LD_PRELOAD: "libnss_wrapper.so",
    NSS_WRAPPER_PASSWD: at("state/passwd"),
    NSS_WRAPPER_GROUP: at("state/group"),
    USER: "runner",
    ASAN_OPTIONS: "verify_asan_link_order=0",
  })
  expect(readFileSync(at("state/passwd"), "utf8")).toBe(
    "root:x:0:0:root:/root:/bin/bash\nrunner:x:4711:4712::/tmp/home:/bin/bash\n",
  )
  expect(readFileSync(at("state/group"), "utf8")).toBe("root:x:0:\ndocker:x:123:runner\nrunner:x:4712:\n")
})

it("a known group keeps its name, and what the user has set stays", () => {
  const given = { LD_PRELOAD: "/own.so", USER: "me", ASAN_OPTIONS: "detect_leaks=0" }
  expect(variables(4711, 0, given)).toMatchObject({
    LD_PRELOAD: "/own.so:libnss_wrapper.so",
    USER: "me",
    ASAN_OPTIONS: "detect_leaks=0:verify_asan_link_order=0",
  })
  expect(readFileSync(at("state/group"), "utf8")).toBe(readFileSync(at("etc/group"), "utf8"))
})

it("an image without the library changes nothing", () => {
  rmSync(at("usr"), { recursive: true })
  expect(variables(4711, 4712)).toEqual({})
})

it("another home has programs of its own on PATH, and folders that can be written to", () => {
  const environment = { PATH: "/home/runner/.local/bin:/usr/bin", GOPATH: "/home/runner/go", OTHER: "/home/runner/x" }
  expect(userFolders(environment, "/home/runner", "/home/runner")).toEqual({})
  expect(userFolders(environment, "/home/runner", "/tmp/copy")).toEqual({
    PATH: "/tmp/copy/.local/bin:/home/runner/.local/bin:/usr/bin",
    GOPATH: "/tmp/copy/go",
  })
  const root = { PATH: "/root/.local/bin:/home/runner/.local/bin:/usr/bin", GOPATH: at("state") }
  expect(userFolders(root, "/home/runner", "/root")).toEqual({})
})
