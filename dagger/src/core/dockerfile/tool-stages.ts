import { catalogTool, type Unpack } from "../catalog/catalog.js"
import type { PlannedTool } from "../plan/plan.js"
import { PLATFORMS, spelling } from "../platforms.js"
import { SOURCE_KINDS, type SourceKind } from "../report/report.js"
import { LOADER } from "../variants/runtime-files.js"
import type { VariantName } from "../variants/names.js"
import { entryOf, onPlatforms, ownTools, RUNNERS, type DockerfilePlans, type ToolOnPlatform } from "./plans.js"
import { alias, CA_BUNDLE, choice, commented, quoted, run, stage, type Mount } from "./text.js"

const SCRIPTS: Mount = { from: "tool-scripts", target: "/plan" }
/** What npm and Go trust, if the builder is behind a proxy with a certificate of its own. */
export const TRUSTED =
  "[ ! -e /run/secrets/ca-bundle ] || export SSL_CERT_FILE=/run/secrets/ca-bundle NODE_EXTRA_CA_CERTS=/run/secrets/ca-bundle\n"

/** The stages with a variant's tools: `VARIANT-tools` has them below /tools. Undefined if it has none of its own. */
export function toolStages(plans: DockerfilePlans, variant: VariantName): string[] | undefined {
  const recipes = SOURCE_KINDS.map((kind) => ({ kind, tools: ownTools(plans.part(variant, kind)) }))
  const unpacked = ({ tools }: (typeof recipes)[number]) => tools.filter(({ from }) => from !== "deb")
  const needed = recipes.filter((recipe) => unpacked(recipe).length > 0)
  if (needed.length === 0 && plans.part(variant, "registry").added.tools.length === 0) return undefined
  const same = new Set(recipes.map((recipe) => JSON.stringify(recipe.tools))).size === 1
  const chosen = same ? recipes.slice(0, 1) : recipes
  const stages = chosen.flatMap(({ kind, tools }) => {
    const name = same ? `${variant}-tools` : `${variant}-tools-${kind}`
    return oneKind(plans, variant, kind, tools, name)
  })
  return same ? stages : [...stages, alias(`${variant}-tools`, `${variant}-tools-\${SOURCES}`)]
}

function oneKind(
  plans: DockerfilePlans,
  variant: VariantName,
  kind: SourceKind,
  tools: readonly PlannedTool[],
  name: string,
): string[] {
  const files = tools.filter((tool) => tool.from === "upstream").map((tool) => tool.name)
  const base = tools.some(({ from }) => from === "go-toolchain") ? "golang" : "toolbox"
  const script = tools.map((tool) => recipe(tool, onPlatforms(plans, variant, kind, tool.name))).join("")
  const downloads = `${variant}-upstream`
  const mounts: Mount[] = files.length > 0 ? [SCRIPTS, { from: downloads, target: "/download" }] : [SCRIPTS]
  return [
    ...(files.length > 0 ? downloadStages(plans, variant, kind, files, downloads) : []),
    stage(
      `Tools of ${variant}${kind === "upstream" && files.length > 0 ? "" : ", from registries"}.`,
      base,
      name,
      "ARG TARGETARCH\n",
      run([...mounts, CA_BUNDLE], `${TRUSTED}. /plan/tools.sh\nmkdir -p /tools\n${script}`),
    ),
  ]
}

/** Stages that fetch vendors' files with their checksums, one for each architecture. */
function downloadStages(
  plans: DockerfilePlans,
  variant: VariantName,
  kind: SourceKind,
  names: readonly string[],
  stageName: string,
): string[] {
  return [
    ...PLATFORMS.map((platform, index) => {
      const adds = names.map((name) => {
        const planned = onPlatforms(plans, variant, kind, name).find((entry) => entry.platform === platform)?.tool
        if (planned?.from !== "upstream") throw new Error(`${name} is not from its vendor`)
        const url = planned.url.replace(/^https:\//, "${MIRROR}")
        return `ADD --checksum=sha256:${planned.sha256} \\\n  ${url} /${downloadName(planned)}\n`
      })
      return stage(
        index === 0 ? "Vendors' files, each verified." : "",
        "scratch",
        `${stageName}-${spelling(platform).arch}`,
        "ARG MIRROR\n",
        ...adds,
      )
    }),
    alias(stageName, `${stageName}-\${TARGETARCH}`),
  ]
}

/** The name of a vendor's file in the builder. unpack.sh learns the kind of archive from it. */
function downloadName(tool: PlannedTool): string {
  const kind = entryOf(tool).upstream?.unpack.kind
  return kind === undefined || kind === "program" ? tool.name : `${tool.name}.${kind}`
}

/** Commands of the shell that unpack a tool. */
function recipe(tool: PlannedTool, everywhere: readonly ToolOnPlatform[]): string {
  const { upstream, registry, title } = entryOf(tool)
  switch (tool.from) {
    case "deb":
      return ""
    case "upstream": {
      if (!upstream) throw new Error(`${tool.name} has no upstream file`)
      const { unpack } = upstream
      const path = `/download/${downloadName(tool)}`
      if (unpack.kind === "program") return `install -D -m 0755 ${path} ${quoted(`/tools${unpack.path}`)}\n`
      return placed(unpack, ["/plan/unpack.sh", path])
    }
    case "npm": {
      if (registry.kind !== "npm") throw new Error(`${tool.name} is not in the npm registry`)
      const values = perPlatform(everywhere, (planned) =>
        planned.from === "npm" ? [`${planned.package}@${planned.version}`, planned.integrity] : [],
      )
      const needless = quoted((registry.needlessScripts ?? []).join(" "))
      return [
        `${commented(title)}\n`,
        values.choice,
        placed(registry.unpack, ["/plan/fetch-npm.sh", ...values.words, needless]),
        ...Object.entries(registry.links ?? {}).map(([path, target]) => `link ${quoted(target)} ${quoted(path)}\n`),
      ].join("")
    }
    case "go-toolchain": {
      if (registry.kind !== "go-toolchain") throw new Error(`${tool.name} is not in the Go module proxy`)
      const values = perPlatform(everywhere, (planned) =>
        planned.from === "go-toolchain" ? [planned.module, planned.sum] : [],
      )
      return values.choice + placed(registry.unpack, ["/plan/fetch-go.sh", ...values.words])
    }
    case "go-program":
    case "definition":
      throw new Error(`${tool.name} has no recipe`)
  }
}

/** Words that are the same on all platforms, or the variables that have them, and the case statement that sets those. */
function perPlatform(
  everywhere: readonly ToolOnPlatform[],
  wordsOf: (tool: PlannedTool) => string[],
  variable = "TARGETARCH",
): { choice: string; words: string[] } {
  const all = everywhere.map(({ platform, tool }) => ({ arch: spelling(platform).arch, words: wordsOf(tool) }))
  const [first] = all
  if (first === undefined || first.words.length !== 2) throw new Error("a file needs a name and a checksum")
  if (new Set(all.map(({ words }) => words.join(" "))).size === 1) return { choice: "", words: first.words.map(quoted) }
  const cases = all.map(({ arch, words: [name = "", sum = ""] }) => [arch, `file=${quoted(name)} sum=${quoted(sum)}`])
  return { choice: choice(variable, Object.fromEntries(cases) as Record<string, string>), words: ['"$file"', '"$sum"'] }
}

function placed(unpack: Unpack, words: readonly string[]): string {
  if (unpack.kind === "program") throw new Error(`${unpack.path} is not unpacked`)
  const choices = [
    ...(unpack.only ?? []).map((path) => `+${path}`),
    ...(unpack.exclude ?? []).map((path) => `-${path}`),
  ]
  return `${["place", unpack.into, ...words, String(unpack.strip), ...choices.map(quoted)].join(" ")}\n`
}

/** The stages with the runner: `runner` has it in /runner. */
export function runnerStages(plans: DockerfilePlans, variant: VariantName): string[] {
  const { upstream, registry } = catalogTool("runner")
  if (!upstream || upstream.unpack.kind === "program" || registry.kind !== "go-program")
    throw new Error("there is no runner of both kinds")
  const downloads = downloadStages(plans, variant, RUNNERS.official, ["runner"], "runner-upstream")
  const strip = upstream.unpack.strip
  return [
    ...downloads,
    stage(
      "GitHub's runner.",
      "toolbox",
      "runner-official",
      run(
        [SCRIPTS, { from: "runner-upstream", target: "/download" }],
        `sh /plan/unpack.sh /download/runner.tar ${strip}\nmv /unpacked /runner\n`,
      ),
    ),
    stage(
      "The runner around github-act-runner, compiled natively, for all platforms at once. It names the licences of what is in it.",
      "golang",
      "runner-compiled",
      ...goInstructions(),
      `COPY ${registry.folder}/ /sources/\n`,
      "WORKDIR /sources\n",
      run(
        [
          CA_BUNDLE,
          { cache: "runner-images-go-$BUILDARCH", target: "/root/go" },
          { cache: "runner-images-go-build-$BUILDARCH", target: "/root/.cache/go-build" },
        ],
        `${TRUSTED}export PATH="/usr/local/go/bin:$PATH"\nsh compile.sh /compiled ${PLATFORMS.map((platform) => spelling(platform).arch).join(" ")}\n`,
      ),
    ),
    stage(
      "",
      "runner-compiled",
      "runner-act",
      "ARG TARGETARCH\n",
      run([], `sh lay-out.sh /compiled "$TARGETARCH" ${LOADER.of} /runner\n`),
    ),
    alias("runner", "runner-${RUNNER}"),
  ]
}

/** Instructions that put the catalog's Go into a native stage: what it compiles depends on its version. */
function goInstructions(): string[] {
  const { registry } = catalogTool("go")
  if (registry.kind !== "go-toolchain" || registry.unpack.kind === "program")
    throw new Error("there is no Go to compile with")
  const { modules, unpack } = registry
  const cases = PLATFORMS.map((platform): [string, string] => {
    const { path, version, sum } = modules[platform]
    return [spelling(platform).arch, `file=${quoted(`${path}@${version}`)} sum=${quoted(sum)}`]
  })
  const words = [
    "sh",
    "/plan/fetch-go.sh",
    '"$file"',
    '"$sum"',
    String(unpack.strip),
    ...(unpack.exclude ?? []).map((path) => `-${path}`),
  ]
  return [
    "ARG BUILDARCH\n",
    "WORKDIR /download\n",
    run(
      [SCRIPTS, CA_BUNDLE],
      `${TRUSTED}${choice("BUILDARCH", Object.fromEntries(cases))}${words.join(" ")}\nmv /unpacked /usr/local/go\n`,
    ),
  ]
}
