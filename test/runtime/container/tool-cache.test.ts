import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { find, findAllVersions } from "@actions/tool-cache"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { concernText } from "../../../docker/runtime/src/container/concern.js"
import { chooseToolCache, offerTools } from "../../../docker/runtime/src/container/tool-cache.js"

let folder: string
const at = (name: string): string => join(folder, name)

const ARCH = process.arch

/** Where an image has its own tools, and the links to them. */
const LINK = `library/tool-cache/node/24.21.0/${ARCH}`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-tool-cache-"))
  for (const name of [`${LINK}/bin`, "library/tool-cache/Python/3.13.5", "opt/python"])
    mkdirSync(at(name), { recursive: true })
  symlinkSync(at("opt/python"), at(`library/tool-cache/Python/3.13.5/${ARCH}`))
  mkdirSync(at("work"))
  writeFileSync(at("file"), "")
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

function prepare(cache: string | undefined, more: Record<string, string> = {}) {
  const environment = { ...(cache === undefined ? {} : { RUNNER_TOOL_CACHE: at(cache) }), ...more }
  const chosen = chooseToolCache(environment, at("work"), 1001)
  const { variables, concern } = chosen
  const texts = [concern && concernText(concern), offerTools(chosen, at("library"))].filter(
    (text) => text !== undefined,
  )
  const said = texts.length === 0 ? undefined : texts.join("; ").replaceAll(folder, "")
  return { variables: JSON.parse(JSON.stringify(variables).replaceAll(folder, "")) as Record<string, string>, said }
}

/** What actions find in a tool cache, with their own library. */
function found(cache: string): string[] {
  vi.stubEnv("RUNNER_TOOL_CACHE", at(cache))
  // It prints what it looks at, for the runner.
  vi.spyOn(process.stdout, "write").mockReturnValue(true)
  return ["node", "Python"].flatMap((name) => [
    ...findAllVersions(name).map((version) => `${name} ${version}`),
    find(name, name === "node" ? "24" : "3.13").replaceAll(folder, ""),
  ])
}

it("an empty volume gets links to the image's own tools", () => {
  expect(prepare("cache")).toEqual({ variables: {}, said: undefined })
  expect(found("cache")).toEqual([
    "node 24.21.0",
    `/cache/node/24.21.0/${ARCH}`,
    "Python 3.13.5",
    `/cache/Python/3.13.5/${ARCH}`,
  ])
  expect(readlinkSync(at(`cache/node/24.21.0/${ARCH}`))).toBe(at(LINK))
  expect(prepare("cache")).toEqual({ variables: {}, said: undefined })
})

it("what an action installed stays, and a link of another image that leads nowhere is replaced", () => {
  mkdirSync(at(`cache/node/24.21.0/${ARCH}/own`), { recursive: true })
  mkdirSync(at("cache/Python/3.13.5"), { recursive: true })
  symlinkSync(at("nowhere"), at(`cache/Python/3.13.5/${ARCH}`))
  expect(prepare("cache").said).toBeUndefined()
  expect(existsSync(at(`cache/node/24.21.0/${ARCH}/own`))).toBe(true)
  // It is not complete, so the action installs it again.
  expect(found("cache")).toEqual(["", "Python 3.13.5", `/cache/Python/3.13.5/${ARCH}`])
})

it("a folder that cannot be written to is replaced by the runner's own, with a warning", () => {
  const variables = { RUNNER_TOOL_CACHE: "/work/_tool", AGENT_TOOLSDIRECTORY: "/work/_tool" }
  expect(prepare("file/cache", { AGENT_TOOLSDIRECTORY: at("file/cache") })).toEqual({
    variables,
    said: "setup actions install tools in /work/_tool, because the tool cache /file/cache cannot be used: ENOTDIR. Mount a folder there that user 1001 can write to, or set RUNNER_TOOL_CACHE to one",
  })
  expect(found("work/_tool")).toHaveLength(4)
})

it("without any folder the runner starts all the same, with a warning", () => {
  rmSync(at("work"), { recursive: true })
  writeFileSync(at("work"), "")
  expect(prepare("file/cache")).toEqual({
    variables: {},
    said: "setup actions cannot install tools in the tool cache /file/cache: ENOTDIR. Mount a folder there that user 1001 can write to, or set RUNNER_TOOL_CACHE to one",
  })
})

it("the folder that the runner uses without a setting gets the links, too", () => {
  expect(prepare(undefined)).toEqual({ variables: {}, said: undefined })
  expect(found("work/_tool")).toHaveLength(4)
})

it("a tool that cannot be linked is named, and does not keep others out", () => {
  mkdirSync(at("cache"))
  writeFileSync(at("cache/node"), "")
  expect(prepare("cache").said).toBe(
    `setup actions download what the image has, because it cannot be linked in /cache: node/24.21.0/${ARCH} (ENOTDIR)`,
  )
  expect(existsSync(at(`cache/Python/3.13.5/${ARCH}.complete`))).toBe(true)
})

it("an image without links has none", () => {
  rmSync(at("library"), { recursive: true })
  expect(prepare("cache")).toEqual({ variables: {}, said: undefined })
  expect(found("cache")).toEqual(["", ""])
})
