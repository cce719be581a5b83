import { build } from "esbuild"
import { copyFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { caseGroup } from "../lifecycle-case.js"
import type { ContainerOptions, Mount } from "../runtime-spec.js"
import type { TestEnvironment } from "../test-environment.js"
import { file } from "./registration.js"

const TOOL_CACHE = "/opt/hostedtoolcache"

/** Asks as actions do, with their own library, for tools of the versions that the image has. */
const LOOKUP = `
import { readFileSync } from "node:fs"
import { execFileSync } from "node:child_process"
import { find } from "@actions/tool-cache"
const { tools } = JSON.parse(readFileSync("/usr/local/lib/runner-images/image.json", "utf8"))
const python = execFileSync("/usr/bin/python3", ["-V"], { encoding: "utf8" }).trim().split(" ")[1]
const asked = [
  ["node", tools.node, "bin/node", ["--version"]],
  ["Python", python, "bin/python", ["-V"]],
  ...(tools.go ? [["go", tools.go, "bin/go", ["version"]]] : []),
]
for (const [name, version, program, args] of asked) {
  const [major, minor] = version.split(".")
  const folder = find(name, name === "node" ? major : major + "." + minor)
  const said = folder === "" ? "nothing" : execFileSync(folder + "/" + program, args, { encoding: "utf8" }).trim()
  console.log("found " + folder + ": " + (said.includes(version) ? "its version" : said))
}
`

async function lookup(testEnv: TestEnvironment): Promise<Mount> {
  const { outputFiles } = await build({
    stdin: { contents: LOOKUP, resolveDir: fileURLToPath(new URL("../../..", import.meta.url)) },
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
    logLevel: "silent",
  })
  const source = await file(testEnv, "lookup.cjs", outputFiles[0]?.text ?? "")
  return { kind: "bind", source, target: "/lookup.cjs", readonly: true }
}

/** Where a job finds the image's tools, each by its folder in the tool cache. */
async function foundTools(testEnv: TestEnvironment, options: ContainerOptions = {}) {
  const github = await testEnv.github()
  const mounts = [await lookup(testEnv), ...(options.mounts ?? [])]
  const container = await testEnv.listening({ ...github.environment, ...options.environment }, { ...options, mounts })
  const { log, result } = await github.done(["node /lookup.cjs"], {}, 60)
  expect(result, log).toBe("Succeeded")
  const found = [...log.matchAll(/^found (.*): (.*)$/gm)].map(([, path = "", said]) => {
    const [cache, name] = /^(.*)\/([^/]+)\/[^/]+\/[^/]+$/.exec(path)?.slice(1) ?? []
    return `${name ?? ""} in ${cache ?? ""}: ${said ?? ""}`
  })
  return { container, found: found.filter((line) => !line.startsWith("go ")), all: found }
}

const FOUND = (cache: string) => [`node in ${cache}: its version`, `Python in ${cache}: its version`]

/** Packages to install without a registry. */
async function packages(testEnv: TestEnvironment): Promise<Mount> {
  const source = await testEnv.folder()
  const maker = new URL("../../../dagger/scripts/checks/make-wheel.py", import.meta.url)
  await copyFile(maker, join(source, "make-wheel.py"))
  return { kind: "bind", source, target: "/packages", readonly: true }
}

const INSTALL = [
  `mkdir a && echo '{"name":"a","version":"1.2.3","bin":"a.js"}' > a/package.json && printf '#!/usr/bin/env node\\nconsole.log("from npm")' > a/a.js && tar -czf a.tgz a`,
  "npm install --global --offline --no-audit --no-fund --silent ./a.tgz && a",
  "python /packages/make-wheel.py smoke 1.2.3 && pip install --quiet --no-index --disable-pip-version-check --root-user-action=ignore smoke-1.2.3-*.whl && python -c 'import smoke; print(\"from pip\", smoke.VERSION)'",
  `mkdir -p "$HOME/.local/bin" && printf '#!/bin/sh\\necho from the home\\n' > "$HOME/.local/bin/b" && chmod +x "$HOME/.local/bin/b" && b`,
]

/** Jobs of every user can install programs, and find them in the next step. */
async function installs(testEnv: TestEnvironment, environment: Record<string, string>, options: ContainerOptions) {
  const github = await testEnv.github()
  const mounts = [await packages(testEnv), ...(options.mounts ?? [])]
  await testEnv.listening({ ...github.environment, ...environment }, { ...options, mounts })
  const { log, result } = await github.done([...INSTALL, "a", "b"], {}, 90)
  expect(result, log).toBe("Succeeded")
  const said = log.split("\n").filter((line) => line.startsWith("from "))
  expect(said).toEqual(["from npm", "from pip 1.2.3", "from the home", "from npm", "from the home"])
}

export const WORKFLOWS = caseGroup("What workflows take for granted", [
  {
    name: "tool-cache",
    proves: "setup-* actions find the image's own Node.js, Python and Go, without a network",
    gate: true,
    run: async (testEnv) => {
      const { found, all, container } = await foundTools(testEnv)
      expect(found).toEqual(FOUND(TOOL_CACHE))
      expect(all.filter((line) => !line.endsWith(": its version"))).toEqual([])
      expect(container.lines.text).not.toMatch(/setup actions/)
    },
  },
  {
    name: "tool-cache-volume",
    proves: "an empty volume over the tool cache gets links to them, and keeps what an action installs",
    run: async (testEnv) => {
      const source = await testEnv.folder(0o777)
      const mounts = [{ kind: "bind", source, target: TOOL_CACHE }] as const
      expect((await foundTools(testEnv, { mounts })).found).toEqual(FOUND(TOOL_CACHE))
      expect((await foundTools(testEnv, { mounts })).found).toEqual(FOUND(TOOL_CACHE))
    },
  },
  {
    name: "tool-cache-read-only",
    proves: "a tool cache that cannot be written to is replaced by a folder in the work folder, with a warning",
    run: async (testEnv) => {
      const source = await testEnv.folder(0o777)
      const mounts = [{ kind: "bind", source, target: TOOL_CACHE, readonly: true }] as const
      const { found, container } = await foundTools(testEnv, { mounts, environment: { RUNNER_WORKDIR: "/_work/w" } })
      expect(found).toEqual(FOUND("/_work/w/_tool"))
      expect(container.lines.text).toMatch(
        /setup actions install tools in \/_work\/w\/_tool, because the tool cache \/opt\/hostedtoolcache cannot be used: read-only file system/,
      )
    },
  },
  {
    name: "installs",
    proves: "steps install with npm and pip, and later steps find the programs",
    run: (testEnv) => installs(testEnv, {}, {}),
  },
  {
    name: "installs-root",
    proves: "the same as root, as the -root flavour has it",
    run: (testEnv) => installs(testEnv, { RUN_AS_ROOT: "true" }, { user: "0" }),
  },
  {
    name: "installs-any-user",
    proves: "the same as any user id with group 0, on a read-only root",
    run: (testEnv) =>
      installs(
        testEnv,
        {},
        {
          user: "1000660000:0",
          readOnly: true,
          mounts: [{ kind: "tmpfs", target: "/tmp", options: ["exec"] }],
        },
      ),
  },
  {
    name: "any-user-has-a-name",
    proves: "a user id without an account has a name in jobs, so that ssh and git work",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment, { user: "1000660000:4711" })
      const { log, result } = await github.done([
        'echo "name: $(id -un) $(id -gn) $(id -u):$(id -g)"',
        "echo home: ~runner = $HOME",
        "ssh -o BatchMode=yes -p 1 127.0.0.1 true || [ $? = 255 ]",
        "git ls-remote ssh://git@127.0.0.1:1/octo/example || [ $? = 128 ]",
      ])
      expect(result, log).toBe("Succeeded")
      expect(log).toMatch(/^name: runner runner 1000660000:4711$/m)
      expect(log).toMatch(/^home: (\/\S+) = \1$/m)
      expect(log.match(/^ssh: connect to host 127.0.0.1 port 1: Connection refused/gm)).toHaveLength(2)
      expect(log).not.toContain("No user exists")
    },
  },
])
