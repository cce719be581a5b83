import { addUser, ownedFoldersText, type AccountFiles } from "../packages/accounts.js"
import { labelsText, runtimeFacts } from "../plan/runtime-facts.js"
import { cachedTools, type CachedTool } from "../plan/tool-cache.js"
import { PLATFORMS, spelling } from "../platforms.js"
import { SOURCE_KINDS, type SourceKind } from "../report/report.js"
import { ACCOUNTS, OWNED_FOLDERS, RUNNER_USER, TOOL_CACHE } from "../variants/runner-user.js"
import {
  CLEAN_START,
  FACTS_FILE,
  LABELS_FILE,
  LOADER,
  RUNNER_MANIFEST,
  RUNTIME_FOLDER,
  RUNTIME_LINKS,
  TOOL_CACHE_LINKS,
} from "../variants/runtime-files.js"
import type { VariantName } from "../variants/names.js"
import { ownTools, versionOf, type DockerfilePlans } from "./plans.js"
import { CA_BUNDLE, choice, file, quoted, run, stage, type Mount } from "./text.js"
import { TRUSTED } from "./tool-stages.js"

const OWNER = `${RUNNER_USER.uid}:${RUNNER_USER.gid}`
const SCRIPTS: Mount = { from: "tool-scripts", target: "/plan" }

/** The stage with the accounts and the folders that every image has, computed from its packages' own. */
export function accountsStage(variant: VariantName): string {
  const added = ACCOUNTS.reduce<AccountFiles>(addUser, { passwd: "", group: "", shadow: "", gshadow: "" })
  const files = Object.entries(added).map(
    ([name, lines]) => `{ cat /target/etc/${name}; cat <<LINES; } > /accounts/${name}\n${lines}LINES\n`,
  )
  const script = [
    "mkdir /accounts\n",
    ...files,
    `cat > /accounts/folders <<LINES\n${ownedFoldersText(OWNED_FOLDERS)}LINES\n`,
    // accounts.sh reads its input where the pipeline mounts it.
    "ln -s /accounts /plan\n",
    `sh /scripts/accounts.sh "$(sed -nE 's/^shadow:[^:]*:([0-9]+):.*/\\1/p' /target/etc/group)" ${RUNNER_USER.name}\n`,
  ].join("")
  const mounts: Mount[] = [
    { from: "tool-scripts", target: "/scripts" },
    { from: `${variant}-packages`, source: "/etc", target: "/target/etc" },
  ]
  return stage("Accounts and folders.", "build-base", "accounts", run(mounts, script))
}

/** The stages with a locale, and with the program that starts in containers as one file: the same for every platform. */
export function commonStages(): string[] {
  const locale = "/laid-out/usr/lib/locale"
  return [
    stage(
      "",
      "toolbox",
      "locale",
      run([], `mkdir -p ${locale}\nlocaledef --no-archive --inputfile=en_US --charmap=UTF-8 ${locale}/en_US.utf8\n`),
    ),
    stage(
      "The program that starts in containers, as one file.",
      "toolbox",
      "bundle",
      "COPY package.json package-lock.json /docker/\n",
      "COPY runtime/ /docker/runtime/\n",
      "WORKDIR /docker\n",
      run(
        [CA_BUNDLE],
        `${TRUSTED}npm ci --no-audit --no-fund --ignore-scripts --loglevel=error\nnode runtime/bundle.mjs /bundle\n`,
      ),
    ),
  ]
}

/** The stage with what the program that starts in containers needs around it, some of it copied from the image. */
export function runtimeStage(equipped: string, name: string): string {
  const folder = `/files${RUNTIME_FOLDER}`
  const links = Object.entries(RUNTIME_LINKS).flatMap(([path, target]) => [
    `mkdir -p /files${path.slice(0, path.lastIndexOf("/"))}`,
    `ln -s ${target} /files${path}`,
  ])
  const words = [
    ...["sh", "/plan/runtime-layer.sh", "/files", RUNTIME_FOLDER],
    ...[CLEAN_START.from, CLEAN_START.path, modeText(CLEAN_START.mode)],
    ...[LOADER.of, LOADER.path, modeText(LOADER.mode)],
    ...[RUNNER_USER.home, RUNNER_MANIFEST],
  ]
  const script = [
    `mkdir -p ${folder}/hooks`,
    "install -m 0755 runtime/entrypoint.sh /files/entrypoint.sh",
    `install -m 0755 runtime/hooks/* ${folder}/hooks/`,
    `echo ${quoted(labelsText().trim())} > /files${LABELS_FILE}`,
    ...links,
    words.join(" "),
    "",
  ].join("\n")
  return stage("", "bundle", name, run([SCRIPTS, { from: equipped, target: "/target" }], script))
}

/** Stands for any, in what is made of it. */
const ANY_PYTHON = "python3.0"

/** The stages with a variant's own files: those with fixed texts, and those that say what is in its image. */
export function fileStages(plans: DockerfilePlans, variant: VariantName, versions: string): string[] {
  const { plan, whole, added } = plans.part(variant, "upstream")
  const first = plans.variants[0] === variant
  const facts = runtimeFacts(plan, whole.platform, [])
  const described = {
    ...facts,
    platform: "$TARGETPLATFORM",
    base: "$BASE",
    runner: { kind: "$RUNNER", version: "$runner" },
    architectureLabel: "$label",
    tools: { $tools: "" },
  }
  const own = ownTools(plans.part(variant, "upstream")).map(({ name }) => ({ name, version: "" }))
  const cached = [
    ...cachedTools(own, []).map((tool) => cachedText(tool, `$${tool.name}`)),
    ...(first ? cachedTools([], [{ name: ANY_PYTHON, version: "0" }]) : []).map(
      (tool) => `python=$(python)\n${cachedText(tool, '$(version "$python")').replaceAll(ANY_PYTHON, "$python")}`,
    ),
  ]
  const script = [
    ". /plan/facts.sh\ntools=\n",
    choice("SOURCES", Object.fromEntries(SOURCE_KINDS.map((kind) => [kind, toolLines(plans, variant, kind)]))),
    versions,
    choice(
      "TARGETARCH",
      Object.fromEntries(PLATFORMS.map(spelling).map(({ arch, vendor }) => [arch, `label=${vendor}`])),
    ),
    `mkdir -p /tree${RUNTIME_FOLDER}\n`,
    `cat > /tree${FACTS_FILE} <<JSON\n${JSON.stringify(described, null, 2).replace('"$tools": ""', "$tools")}\nJSON\n`,
    ...Object.entries(added.links).map(([path, target]) => `link ${target} ${path}\n`),
    ...cached,
    cached.length > 0 ? `sh /plan/tool-cache.sh ${TOOL_CACHE} ${OWNER} 0775\n` : "mv /tree /laid-out\n",
  ].join("")
  const texts = added.files.map((entry) => {
    if ("text" in entry && entry.mode === "0644") return file(`/files${entry.path}`, entry.text)
    // The folders above a file get the same mode.
    if (entry.mode !== "0755" || "text" in entry) throw new Error(`${entry.path} cannot have the mode ${entry.mode}`)
    return `COPY --chmod=0755 ${entry.from} /files${entry.path}\n`
  })
  const args = ["TARGETARCH", "TARGETPLATFORM", "BASE", "SOURCES", "RUNNER"].map((name) => `ARG ${name}\n`)
  return [
    ...(texts.length > 0 ? [stage(`Files of ${variant}.`, "scratch", `${variant}-files`, ...texts)] : []),
    stage(
      `What an image of ${variant} says of itself, to the program that starts in it and to actions.`,
      "build-base",
      `${variant}-described`,
      ...args,
      run([SCRIPTS, { from: `${variant}-packages`, target: "/target" }], script),
    ),
  ]
}

/** Commands of the shell that name all of an image's tools but the runner, with the versions of those that the tool cache has. */
function toolLines(plans: DockerfilePlans, variant: VariantName, kind: SourceKind): string {
  const tools = plans.part(variant, kind).whole.tools.filter(({ name }) => name !== "runner")
  const lines = tools.map((tool) => {
    const version = tool.from === "deb" ? `"$(version ${tool.package})"` : quoted(versionOf(tool) ?? "unknown")
    return cachedTools([{ name: tool.name, version: "0" }], []).length > 0
      ? `${tool.name}=${version}\n    tool ${tool.name} "$${tool.name}"`
      : `tool ${tool.name} ${version}`
  })
  return `\n    ${lines.join("\n    ")}\n   `
}

function cachedText({ name, links }: CachedTool, version: string): string {
  const words = Object.entries(links).map(([inside, target]) => `"${inside === "" ? "" : `/${inside}`}=${target}"`)
  return `cached ${TOOL_CACHE} ${TOOL_CACHE_LINKS} "${name}/${version}/$label" \\\n  ${words.join(" ")}\n`
}

function modeText(mode: number): string {
  return `0${mode.toString(8)}`
}
