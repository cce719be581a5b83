import { connection } from "@dagger.io/dagger"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseDocument } from "yaml"
import { catalogTool, PINS, type ToolName } from "../../dagger/src/core/catalog/catalog.js"
import { TOOL_ENTRIES } from "../../dagger/src/core/catalog/tools.js"
import { upstreamVersion } from "../../dagger/src/core/packages/resolved-packages.js"
import { PLATFORMS, spelling, type PlatformName } from "../../dagger/src/core/platforms.js"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { caBundle } from "../../src/input/host-files.js"
import { hostUploads } from "../../src/session/host-uploads.js"

type UpstreamTool = {
  [Name in ToolName]: (typeof TOOL_ENTRIES)[Name] extends { upstream: object } ? Name : never
}[ToolName]

/** A tool's version and, if a server has it, its file. */
export interface VendorFile {
  version: string
  file?: string
}

/** Programs of the distribution, whose packages are named, and where they have them. */
const PACKAGED = {
  docker: ["docker-cli", "usr/bin/docker"],
  buildx: ["docker-buildx", "usr/libexec/docker/cli-plugins/docker-buildx"],
  compose: ["docker-compose", "usr/libexec/docker/cli-plugins/docker-compose"],
  gh: ["gh", "usr/bin/gh"],
} as const

/** The least that checks of an unregistered runner ask of one. */
const LISTENER = (version: string) => `#!/bin/sh
case \${1-} in
  --version) echo ${version} ;;
  *) echo "Not configured. Run config.sh first." >&2; exit 1 ;;
esac
`

/**
 * Makes files as the vendors have them for one platform, of programs that package registries have in this version; and a small archive in place of
 * GitHub's runner. The browser's file is there, but none can be unpacked.
 *
 * @param folder gets the files by host and path; what is made on the way is in `.work` below it
 */
export async function makeVendorFiles(
  folder: string,
  platform: PlatformName,
): Promise<Record<UpstreamTool & ("runner" | "node" | keyof typeof PACKAGED | "chrome" | "chromedriver"), VendorFile>> {
  const work = join(folder, ".work")
  mkdirSync(work, { recursive: true })
  const node = pinnedNpm("node", platform)
  const npm = pinnedNpm("npm", platform)
  // Registries are those that this host is configured for, whoever has signed their certificates.
  const bundle = caBundle(undefined)
  const trust = bundle === undefined ? {} : { caBundle: readFileSync(bundle, "utf8") }
  await connection(async () => {
    const { toolbox } = await openEngineHost(hostUploads(), trust)
    const packages = Object.values(PACKAGED).map(([name]) => name)
    await toolbox
      .withWorkdir("/work")
      .withExec(["sh", "-c", `apt-get update -qq && apt-get download -qq ${packages.join(" ")}`])
      .withExec([
        "sh",
        "-c",
        'for deb in *.deb; do name=${deb%%_*}; dpkg-deb -x "$deb" "$name"; dpkg-deb -f "$deb" Version > "$name.version"; done; rm *.deb',
      ])
      .withExec(["npm", "pack", "--loglevel=error", "--ignore-scripts", node.file, npm.file])
      .directory("/work")
      .export(work)
  })

  const put = (tool: UpstreamTool, version: string) => {
    const { host, pathname } = new URL(TOOL_ENTRIES[tool].upstream.url(version, spelling(platform)))
    const file = join(folder, host, pathname)
    mkdirSync(dirname(file), { recursive: true })
    return { version, file }
  }
  /** Packs a folder below `.work` as the vendor does. */
  const pack = (tool: UpstreamTool, version: string, name: string): VendorFile => {
    const made = put(tool, version)
    execFileSync("tar", ["--auto-compress", "-cf", made.file, name], { cwd: work })
    return made
  }
  const packaged = (tool: keyof typeof PACKAGED) => {
    const [name, path] = PACKAGED[tool]
    const version = upstreamVersion(readFileSync(join(work, `${name}.version`), "utf8").trim())
    return { version: /^\d+(\.\d+){1,2}/.exec(version)?.[0] ?? version, program: join(work, name, path) }
  }
  const copied = (tool: "buildx" | "compose"): VendorFile => {
    const { version, program } = packaged(tool)
    const made = put(tool, version)
    cpSync(program, made.file)
    return made
  }

  const nodeFolder = `node-v${node.version}-linux`
  const modules = join(work, nodeFolder, "lib/node_modules")
  mkdirSync(modules, { recursive: true })
  const unpack = (archive: string, into: string) => {
    mkdirSync(into, { recursive: true })
    execFileSync("tar", ["-xzf", join(work, archive), "-C", into, "--strip-components=1"])
  }
  unpack(archiveOf(node.file), join(work, nodeFolder))
  rmSync(join(work, nodeFolder, "package.json"))
  unpack(archiveOf(npm.file), join(modules, "npm"))
  for (const name of ["npm", "npx"])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(work, nodeFolder, "bin", name))

  const docker = packaged("docker")
  mkdirSync(join(work, "docker"))
  cpSync(docker.program, join(work, "docker/docker"))
  const gh = packaged("gh")
  mkdirSync(join(work, "gh_linux/bin"), { recursive: true })
  cpSync(gh.program, join(work, "gh_linux/bin/gh"))

  const runner = upstreamOf("runner").version
  mkdirSync(join(work, "runner/bin"), { recursive: true })
  for (const name of ["Runner.Listener", "Runner.Worker"])
    writeFileSync(join(work, "runner/bin", name), LISTENER(runner), { mode: 0o755 })
  for (const name of ["config.sh", "run.sh"])
    writeFileSync(join(work, "runner", name), '#!/bin/sh\nexec "$(dirname "$0")/bin/Runner.Listener" "$@"\n', {
      mode: 0o755,
    })
  writeFileSync(join(work, "runner/run-helper.sh.template"), "#!/bin/sh\n")
  const nodeForActions = join(work, "runner/externals/node24/bin/node")
  mkdirSync(dirname(nodeForActions), { recursive: true })
  symlinkSync("/usr/local/bin/node", nodeForActions)
  const runnerFile = put("runner", runner)
  execFileSync("tar", ["-czf", runnerFile.file, "-C", join(work, "runner"), "."])

  const browser = upstreamOf("chrome").version
  const chrome = put("chrome", browser)
  writeFileSync(chrome.file, "never unpacked")
  return {
    runner: runnerFile,
    node: pack("node", node.version, nodeFolder),
    docker: pack("docker", docker.version, "docker"),
    buildx: copied("buildx"),
    compose: copied("compose"),
    gh: pack("gh", gh.version, "gh_linux"),
    chrome,
    chromedriver: { version: browser },
  }
}

/** The project's pins, with these versions and the checksums of these files on one platform. Every other file has some checksum. */
export function pinsFor(files: Readonly<Record<string, VendorFile>>, platform: PlatformName): string {
  const document = parseDocument(readFileSync(PINS, "utf8"), { schema: "failsafe" })
  for (const [tool, { version, file }] of Object.entries(files)) {
    document.setIn([tool, "upstream", "version"], version)
    for (const name of PLATFORMS) {
      const content = name === platform && file !== undefined ? readFileSync(file) : `${tool} for ${name}`
      document.setIn([tool, "upstream", "sha256", name], createHash("sha256").update(content).digest("hex"))
    }
  }
  return document.toString({ lineWidth: 0 })
}

function upstreamOf(tool: ToolName) {
  const { upstream } = catalogTool(tool)
  if (!upstream) throw new Error(`${tool} has no upstream file`)
  return upstream
}

function pinnedNpm(tool: ToolName, platform: PlatformName): { version: string; file: string } {
  const { registry } = catalogTool(tool)
  if (registry.kind !== "npm") throw new Error(`${tool} is not in the npm registry`)
  return { version: registry.version, file: `${registry.packages[platform].name}@${registry.version}` }
}

/** @example archiveOf("npm@11.21.2") ⇒ "npm-11.21.2.tgz" */
function archiveOf(name: string): string {
  return `${name.replace("@", "-")}.tgz`
}
