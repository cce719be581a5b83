import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { DEFAULT_BASE } from "../../dagger/src/core/bases.js"
import { catalogTool } from "../../dagger/src/core/catalog/catalog.js"
import { DPKG_EXCLUDES, RUNNER_FOLDERS, RUNNER_USER } from "../../dagger/src/core/definitions.js"
import { planVariant } from "../../dagger/src/core/plan.js"
import { PLATFORMS, spelling } from "../../dagger/src/core/platforms.js"
import { ENTRYPOINT, HEALTHCHECK } from "../../dagger/src/pipeline/image.js"

const text = readFileSync(new URL("../../docker/Dockerfile", import.meta.url), "utf8")
/** Continued lines put together. */
const lines = text.replaceAll(/\\\n\s*/g, "").split("\n")

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

  it.each(["node", "npm"] as const)("version of %s", (name) => {
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
      `useradd --uid ${uid} --gid ${name} --groups docker --shell ${shell} --create-home ${name}\n`,
    )
    const [home, ...folders] = RUNNER_FOLDERS
    expect(text).toContain(`WORKDIR ${home}\n`)
    expect(text).toContain(`install -d -o ${name} -g ${name} ${folders.join(" ")}\n`)
    expect(text).toContain(`USER ${uid}\n`)
  })

  it("environment, start and health", () => {
    // PATH is what every builder sets.
    const { PATH, ...environment } = plan.environment
    expect(PATH).toBeDefined()
    expect(lines).toContain(
      `ENV ${Object.entries(environment)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ")}`,
    )
    expect(lines).toContain(`ENTRYPOINT ${JSON.stringify(ENTRYPOINT).replaceAll(",", ", ")}`)
    const { command, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = HEALTHCHECK
    expect(lines).toContain(
      `HEALTHCHECK --interval=${intervalSeconds}s --timeout=${timeoutSeconds}s --start-period=${startPeriodSeconds}s ` +
        `--retries=${retries} CMD ${JSON.stringify(command).replaceAll(",", ", ")}`,
    )
  })
})
