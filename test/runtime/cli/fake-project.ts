import { execa } from "execa"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ROOT } from "../../unit/cli/command-line.js"

export const WORK = mkdtempSync(join(tmpdir(), "runner-images-wrapper-"))
process.on("exit", () => {
  rmSync(WORK, { recursive: true, force: true })
})

/** The packages that start a program, as folders beside it that lead to the real ones. */
const PACKAGES = {
  esbuild: { "index.js": `export { build, stop } from "${join(ROOT, "node_modules/esbuild/lib/main.js")}"` },
  tsx: { "api.js": `export * from "${join(ROOT, "node_modules/tsx/dist/esm/api/index.mjs")}"` },
}
const EXPORTS = { esbuild: "./index.js", tsx: { "./esm/api": "./api.js" } }

/** A copy of the wrapper in a project that npm installs without a network. Its program prints the current folder and its arguments. */
export function fakeProject(name: string): string {
  const root = join(WORK, name)
  cpSync(join(ROOT, "runner-images"), join(root, "runner-images"), { recursive: true })
  cpSync(join(ROOT, "scripts"), join(root, "scripts"), { recursive: true })
  cpSync(join(ROOT, "tsconfig.json"), join(root, "tsconfig.json"))
  for (const folder of ["src", "dagger/src", "docker/runtime/src"]) mkdirSync(join(root, folder), { recursive: true })
  for (const [dependency, files] of Object.entries(PACKAGES)) {
    mkdirSync(join(root, dependency))
    const own = {
      name: dependency,
      version: "1.0.0",
      type: "module",
      exports: EXPORTS[dependency as keyof typeof EXPORTS],
    }
    for (const [file, text] of Object.entries({ ...files, "package.json": JSON.stringify(own) }))
      writeFileSync(join(root, dependency, file), text)
  }
  writeProgram(root, "console.log(JSON.stringify([process.cwd(), process.argv.slice(2)]))")
  lock(root, "1.0.0")
  return root
}

let installed: Promise<string> | undefined

/** The same with its dependencies installed, which is done only once. */
export async function installedProject(name: string): Promise<string> {
  installed ??= (async () => {
    const root = fakeProject("installed")
    await run(root, [])
    return root
  })()
  const root = join(WORK, name)
  cpSync(await installed, root, { recursive: true, verbatimSymlinks: true })
  rmSync(join(root, "node_modules/.runner-images"), { recursive: true, force: true })
  return root
}

export function writeProgram(root: string, text: string): void {
  writeFileSync(join(root, "src/cli.ts"), text)
}

/** Writes the files that say what is to be installed. */
export function lock(root: string, version: string): void {
  const names = Object.keys(PACKAGES)
  const dependencies = Object.fromEntries(names.map((dependency) => [dependency, `file:${dependency}`]))
  const own = { name: "copy", version, type: "module", dependencies }
  writeFileSync(join(root, "package.json"), JSON.stringify(own))
  const linked = names.flatMap((dependency): [string, object][] => [
    [`node_modules/${dependency}`, { resolved: dependency, link: true }],
    [dependency, { version: "1.0.0" }],
  ])
  const packages = { "": own, ...Object.fromEntries(linked) }
  writeFileSync(
    join(root, "package-lock.json"),
    JSON.stringify({ name: "copy", version, lockfileVersion: 3, requires: true, packages }),
  )
}

export interface RunOptions {
  cwd?: string
  env?: Record<string, string>
  uid?: number
  gid?: number
}

export interface Ran {
  exitCode?: number | undefined
  stdout: string
  stderr: string
}

export async function run(root: string, words: string[], options: RunOptions = {}): Promise<Ran> {
  const { env, ...rest } = options
  const { exitCode, stdout, stderr } = await execa(join(root, "runner-images"), words, {
    reject: false,
    stdin: "ignore",
    cwd: WORK,
    env: { XDG_CACHE_HOME: join(WORK, "cache"), ...env },
    ...rest,
  })
  return { exitCode, stdout, stderr }
}
