import { readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { describe, expect, it } from "vitest"
import { DEFAULT_BASE } from "../../dagger/src/core/variants/bases.js"
import { catalogTool } from "../../dagger/src/core/catalog/catalog.js"
import { DPKG_EXCLUDES } from "../../dagger/src/core/variants/definitions.js"
import { planVariant } from "../../dagger/src/core/plan/plan.js"
import { PLATFORMS, spelling } from "../../dagger/src/core/platforms.js"
import { factsFile, labelsText, runtimeFacts } from "../../dagger/src/core/plan/runtime-facts.js"
import { HEALTHCHECK } from "../../dagger/src/pipeline/image/image.js"
import {
  CLEAN_START,
  ENTRYPOINT,
  LABELS_FILE,
  LOADER,
  RUNNER_MANIFEST,
  RUNTIME_FOLDER,
  RUNTIME_LINKS,
  TOOL_CACHE_LINKS,
} from "../../dagger/src/core/variants/runtime-files.js"
import { cachedTools } from "../../dagger/src/core/plan/tool-cache.js"
import {
  AGENT_FOLDERS,
  AGENT_USER,
  RUNNER_FOLDERS,
  RUNNER_USER,
  TOOL_CACHE,
} from "../../dagger/src/core/variants/runner-user.js"

const text = readFileSync(new URL("../../docker/Dockerfile", import.meta.url), "utf8")
/** Continued lines put together. */
const lines = text.replaceAll(/\\\n\s*/g, "").split("\n")

/** What the Dockerfile's shell writes into a file, with the values of its variables. */
function written(file: string, values: Readonly<Record<string, string>>): unknown {
  const [, , json = ""] = new RegExp(`(cat > "\\$folder/${file}" <<JSON\n)([^]*?)\nJSON\n`).exec(text) ?? []
  return JSON.parse(json.replaceAll(/\$([A-Za-z_]+)/g, (_all, name: string) => values[name] ?? `no ${name}`))
}

/** What an ARG is when the builder is told nothing. */
function argument(name: string): string | undefined {
  const line = lines.find((candidate) => candidate.startsWith(`ARG ${name}=`))
  return line?.slice(`ARG ${name}=`.length).replaceAll('"', "")
}

const plan = planVariant(
  "standard",
  { platforms: [...PLATFORMS], variants: ["standard"], sources: "registry", sudo: false, refresh: false },
  { mode: "registry", reason: "" },
)

describe("the Dockerfile says what the pipeline says:", () => {
  it("base image", () => {
    expect(argument("BASE")).toBe(DEFAULT_BASE)
  })

  it.each(plan.platforms)("packages on $platform", ({ packages }) => {
    expect(argument("PACKAGES")?.trim().split(/\s+/).sort()).toEqual(packages)
  })

  it("what is left out of packages", () => {
    expect(text).toContain(`<<EOF /etc/dpkg/dpkg.cfg.d/runner-images\n${DPKG_EXCLUDES}EOF\n`)
  })

  it.each(["node", "npm", "yarn"] as const)("version of %s", (name) => {
    const { registry } = catalogTool(name)
    expect(argument(`${name.toUpperCase()}_VERSION`)).toBe(registry.kind === "npm" && registry.version)
  })

  it.each(PLATFORMS)("Node.js' package for %s", (platform) => {
    const { registry } = catalogTool("node")
    const name = registry.kind === "npm" ? registry.packages[platform].name : undefined
    const { arch, vendor } = spelling(platform)
    const said = text.includes(`  ${arch}) node=node-linux-${vendor} ;;`)
      ? `node-linux-${vendor}`
      : `node-linux-${arch}`
    expect(said).toBe(name)
  })

  it("user and folders", () => {
    const { name, uid, gid, shell, groups } = RUNNER_USER
    for (const group of groups) expect(text).toContain(`groupadd --gid ${group.gid} ${group.name}\n`)
    expect(text).toContain(`groupadd --gid ${gid} ${name}\n`)
    expect(text).toContain(
      `useradd --uid ${uid} --gid ${name} --groups ${groups.map((group) => group.name).join(",")} --shell ${shell} --create-home ${name}\n`,
    )
    const [home, ...folders] = RUNNER_FOLDERS
    expect(text).toContain(`WORKDIR ${home}\n`)
    expect(lines).toContain(`install -d -m 0775 -o ${name} -g ${name} ${folders.join(" ")}`)
    expect(text).toContain(`USER ${uid}\n`)
  })

  it("the broker's account and folders", () => {
    const { name, uid, gid, home, shell } = AGENT_USER
    expect(text).toContain(`groupadd --gid ${gid} ${name}\n`)
    expect(text).toContain(
      `useradd --uid ${uid} --gid ${name} --shell ${shell} --home-dir ${home} --no-create-home ${name}\n`,
    )
    expect(lines).toContain(`install -d -m 0700 -o ${name} -g ${name} ${AGENT_FOLDERS.join(" ")}`)
  })

  it.each(PLATFORMS)("what the runtime program knows of its image on %s", (platform) => {
    const { arch, vendor } = spelling(platform)
    const label = text.includes(`  ${arch}) label=${vendor} ;;`) ? vendor : arch
    const [node = "", npm = "", yarn = ""] = (["NODE_VERSION", "NPM_VERSION", "YARN_VERSION"] as const).map(
      (name) => argument(name) ?? "none",
    )
    const values = {
      TARGETPLATFORM: platform,
      BASE: DEFAULT_BASE,
      label,
      NODE_VERSION: node,
      NPM_VERSION: npm,
      YARN_VERSION: yarn,
    }
    const act = readFileSync(new URL("../../docker/act-runner/VERSION", import.meta.url), "utf8").trim()
    const tools = [
      { name: "runner", version: act, source: "go:act" },
      { name: "node", version: node, source: "npm:node" },
      { name: "npm", version: npm, source: "npm:npm" },
      { name: "yarn", version: yarn, source: "npm:yarn" },
    ]
    const facts = factsFile(runtimeFacts(plan, platform, tools))
    expect(written("image.json", values)).toEqual(JSON.parse("text" in facts ? facts.text : ""))
    expect(text).toContain(`echo '${labelsText().trim()}' > "$folder/${basename(LABELS_FILE)}"\n`)
    expect(text).toContain(`folder=/runtime${RUNTIME_FOLDER}\n`)
  })

  it("settings of the variant", () => {
    expect(plan.files.length).toBeGreaterThan(0)
    for (const file of plan.files)
      expect(text).toContain(`COPY --chmod=${file.mode} <<"EOF" ${file.path}\n${"text" in file ? file.text : ""}EOF\n`)
  })

  it.each(PLATFORMS)("what the tool cache has on %s", (platform) => {
    const { arch, vendor } = spelling(platform)
    const said = text.includes(`  ${arch}) arch=${vendor} ;;`) ? vendor : arch
    expect(said).toBe(vendor)
    expect(text).toContain(`links=${TOOL_CACHE_LINKS}/$1/$2/$arch cache=${TOOL_CACHE}/$1/$2 from=$3\n`)
    const versions = [{ name: "node", version: "NODE" }]
    for (const { name, version, links } of cachedTools(versions, [{ name: "python3.13", version: "3.13.5-2" }])) {
      const programs = Object.keys(links).map((path) => basename(path).replace("python3.13", '"$python"'))
      const [target = ""] = Object.values(links)
      const given = version === "NODE" ? "$node" : "${version%%-*}"
      expect(lines).toContain(`offer ${name} "${given}" ${dirname(target)} ${programs.join(" ")}`)
    }
  })

  it("the program that starts the health check", () => {
    const { path, from, mode } = CLEAN_START
    expect(text).toContain(`install -m 0${mode.toString(8)} ${from} ${path}\n`)
  })

  it("the loader of the programs that hold secrets, and the checksums of the runner's, when both are there", () => {
    const [, last = ""] = text.split(`\nCOPY --chown=1001:1001 --from=runner /runner/ ${RUNNER_USER.home}/\n`)
    const { path, of, mode } = LOADER
    expect(last).toContain(`readelf -lW ${of} `)
    expect(last).toContain(`install -m 0${mode.toString(8)} "$loader" ${path}\n`)
    const script = readFileSync(new URL("../../dagger/scripts/runner-manifest.sh", import.meta.url), "utf8")
    const program = script.replace(/^(#.*\n)+/, "").trimEnd()
    expect(last).toContain(`cd ${RUNNER_USER.home}\n(\n${program}\n) > ${RUNNER_MANIFEST}\n`)
    expect(last.indexOf(`> ${RUNNER_MANIFEST}`)).toBeLessThan(last.indexOf("\nUSER "))
  })

  it("the runner's Node.js", () => {
    expect(text).toContain(`sh lay-out.sh /compiled "$TARGETARCH" ${LOADER.of} /runner\n`)
  })

  it("links for those who know other images", () => {
    const [first, ...hooks] = Object.entries(RUNTIME_LINKS)
    expect(text).toContain(`ln -s ${first?.[1] ?? ""} /runtime${first?.[0] ?? ""}\n`)
    expect(text).toContain(`for hook in ${hooks.map(([path]) => basename(path)).join(" ")}; do\n`)
  })

  it("environment, start and health", () => {
    const environment = Object.entries(plan.environment)
    expect(lines).toContain(`ENV ${environment.map(([name, value]) => `${name}=${value}`).join(" ")}`)
    expect(lines).toContain(`ENTRYPOINT ${JSON.stringify(ENTRYPOINT).replaceAll(",", ", ")}`)
    const { command, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = HEALTHCHECK
    expect(lines).toContain(
      `HEALTHCHECK --interval=${intervalSeconds}s --timeout=${timeoutSeconds}s --start-period=${startPeriodSeconds}s ` +
        `--retries=${retries} CMD ${JSON.stringify(command).replaceAll(",", ", ")}`,
    )
  })
})
