import { catalogTool } from "../catalog/catalog.js"
import { standardAnnotations } from "../plan/annotations.js"
import { setupInfoText, SETUP_INFO } from "../plan/setup-info.js"
import { sourcesLabel, SOURCES_LABEL } from "../plan/sources-label.js"
import { environmentOn } from "../plan/plan.js"
import { PLATFORMS, spelling } from "../platforms.js"
import { runnerText } from "../report/runner-text.js"
import type { RunnerKind, SourceKind, ToolSource } from "../report/report.js"
import { DEFAULT_BASE } from "../variants/bases.js"
import { DPKG_EXCLUDES } from "../variants/definitions.js"
import { RUNNER_USER, userOf } from "../variants/runner-user.js"
import { ENTRYPOINT, HEALTHCHECK } from "../variants/runtime-files.js"
import type { BuiltInVariant, VariantName } from "../variants/names.js"
import { PROJECT_VERSION } from "../version.js"
import { accountsStage, commonStages, fileStages, runtimeStage } from "./image-stages.js"
import { packageStages, type Below } from "./package-stages.js"
import { dockerfilePlans, type DockerfilePlans } from "./plans.js"
import { alias, choice, commented, file, quoted, run, stage, wrapped } from "./text.js"
import { runnerStages, toolStages } from "./tool-stages.js"

/**
 * The frontend that reads the file, by version and digest. It must know everything that is used here: files in the text, checksums of
 * downloads, and variables with parts removed or replaced.
 */
const SYNTAX = "docker/dockerfile:1.27.1@sha256:4edf897a3ffa55b89f906fc8cc78afdb3f1834cc9c7083565e611a8a7d5fe99e"

/**
 * What hadolint says without reason: stages that a variable names are no images without a tag (DL3006); packages are the archive's newest,
 * and its lists stay in stages that are in no image (DL3008, DL3009); what is added is of a URL that begins with a variable (DL3020).
 */
const HADOLINT = "DL3006,DL3008,DL3009,DL3020"

/** Folders in `docker/` with copies of programs in `dagger/scripts/`, which a builder does not get. */
const INSTALL_FOLDER = "scripts/packages"
const TOOL_FOLDER = "scripts/files"

/** Scripts by which packages are installed, by their names in the builder. */
const INSTALL_SCRIPTS = {
  ...names(
    "resolve.sh",
    "download.sh",
    "control.sh",
    "install.sh",
    "maintainer-scripts.sh",
    "mark-automatic.sh",
    "clean-root.sh",
  ),
  ...below(
    "accelerate",
    "probe.sh",
    "native-tools.sh",
    "prepare.sh",
    "use-native-tools.sh",
    "unpack.sh",
    "configure.sh",
  ),
  ...below("dockerfile", "packages.sh", "prepared.sh", "accelerated.sh"),
}

/** Scripts by which tools are unpacked and an image's other files are made. */
const TOOL_SCRIPTS = {
  ...names(
    ...["unpack.sh", "fetch-npm.sh", "fetch-go.sh", "accounts.sh", "tool-cache.sh", "runtime-layer.sh"],
    ...["runner-manifest.sh", "loader.mjs", "scan/elf.mjs", "scan/tree.mjs"],
  ),
  ...below("dockerfile", "tools.sh", "facts.sh"),
}

/** Packages of the distribution with programs that build steps use. */
const TOOLBOX = ["ca-certificates", "locales", "npm", "openssl", "unzip", "xz-utils"]

/** @example dockerfileName("chrome") ⇒ "Dockerfile.chrome" */
export function dockerfileName(variant: BuiltInVariant): string {
  return variant === "standard" ? "Dockerfile" : `Dockerfile.${variant}`
}

/** The programs that Dockerfiles use: path in `docker/` → path in `dagger/scripts/`. */
export const DOCKERFILE_SCRIPTS: Readonly<Record<string, string>> = {
  ...inFolder(INSTALL_FOLDER, INSTALL_SCRIPTS),
  ...inFolder(TOOL_FOLDER, TOOL_SCRIPTS),
}

/**
 * A variant's Dockerfile: builds the image without the pipeline, in the same steps, for every platform of the table.
 *
 * @param actVersion the version of the runner around github-act-runner
 * @throws Error when a part of the catalog cannot be written as a Dockerfile
 */
export function dockerfile(variant: BuiltInVariant, actVersion: string): string {
  const plans = dockerfilePlans(variant)
  const official = catalogTool("runner").upstream?.version ?? "unknown"
  const runners: Readonly<Record<RunnerKind, string>> = { official, act: actVersion }
  const parts: string[] = [
    `# syntax=${SYNTAX}\n${commented(header(variant))}\n# hadolint global ignore=${HADOLINT}\n`,
    globalArguments(),
    [stage("", "${BASE}", "base"), stage("", "--platform=$BUILDPLATFORM ${BASE}", "build-base")].join("\n"),
    stage(
      "The pipeline's own scripts: those for packages, and those for everything else.",
      "scratch",
      "install-scripts",
      `COPY ${INSTALL_FOLDER}/ /
`,
      file("/dpkg.cfg", DPKG_EXCLUDES),
    ),
    stage(
      "",
      "scratch",
      "tool-scripts",
      `COPY ${TOOL_FOLDER}/ /
`,
    ),
    archiveStage(),
    ...toolboxStages(),
    ...commonStages(),
    ...runnerStages(plans, plans.variants[0] ?? variant),
  ]
  let beneath: Below = { target: "base", native: "build-base" }
  for (const [index, name] of plans.variants.entries()) {
    const later = plans.variants.slice(index + 1)
    const extended = later.some((other) => plans.part(other, "registry").added.packages.length > 0)
    const made = variantStages(plans, name, beneath, extended, versionsOf(runners))
    parts.push(...made.stages)
    beneath = { target: name, native: made.native }
  }
  parts.push(finalStages(plans, variant, runners))
  return parts.join("\n")
}

/** The same Dockerfile without a frontend of its own, which would be fetched: for builders whose own one knows everything that is used. */
export function withoutSyntax(text: string): string {
  return text.replace(/^# syntax=.*\n/, "")
}

function header(variant: BuiltInVariant): string {
  const name = dockerfileName(variant)
  return `
Made by \`./runner-images dockerfile --write\` from the variants and the catalog: change those. docs/DOCKERFILES.md describes it.

  docker buildx build --platform ${PLATFORMS.join(",")} --file docker/${name} --tag github-runner docker

The image of the variant ${variant} for whoever has nothing but a builder: same packages, tools, files and settings as the
pipeline's, whose scripts it runs. Nothing is tested, locked or reported here. Behind a proxy with a certificate of its own, add
--secret id=ca-bundle,src=FILE.
`.trimEnd()
}

function globalArguments(): string {
  return `# The base image.
ARG BASE=${DEFAULT_BASE}
# Where tools come from: from their vendors, or from package registries (registry).
ARG SOURCES=upstream
# GitHub's runner, or that around github-act-runner (act), which is unofficial.
ARG RUNNER=official
# How packages of another platform than the builder's are installed: by native programs, or under emulation (emulated).
ARG INSTALL=accelerated
# A server that has vendors' files as MIRROR/HOST/PATH. The default is a part of https://HOST/PATH.
ARG MIRROR=https:/

# Empty if the builder runs the target's programs itself.
ARG FOREIGN=\${TARGETARCH#$BUILDARCH}
ARG METHOD=\${FOREIGN:+$INSTALL}
`
}

/** One state of the archive for all platforms. */
function archiveStage(): string {
  const architectures = PLATFORMS.map((platform) => `"${spelling(platform).debian}";`).join(" ")
  return stage(
    "The package archive as it is now, for all platforms. --no-cache-filter archive reads it anew.",
    "build-base",
    "archive",
    file("/etc/apt/apt.conf.d/runner-images", `APT::Architectures { ${architectures} };\nAcquire::Languages "none";\n`),
    "RUN apt-get update -qq\n",
  )
}

function toolboxStages(): string[] {
  return [
    stage(
      "Programs that build steps run natively. They are in no image.",
      "archive",
      "toolbox",
      "ARG BUILDARCH\n",
      aptInstall(TOOLBOX),
    ),
    stage("", "toolbox", "golang", "ARG BUILDARCH\n", aptInstall(["golang-go"])),
  ]
}

function aptInstall(packages: readonly string[]): string {
  const options = "-y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io"
  return run(
    [{ cache: "runner-images-apt-$BUILDARCH", target: "/var/cache/apt/archives" }],
    // Docker's base images remove what would be kept.
    `rm -f /etc/apt/apt.conf.d/docker-clean
DEBIAN_FRONTEND=noninteractive apt-get install ${options} ${packages.join(" ")}
`,
  )
}

function variantStages(
  plans: DockerfilePlans,
  variant: VariantName,
  beneath: Below,
  extended: boolean,
  versions: string,
): { stages: string[]; native: string } {
  const first = plans.variants[0] === variant
  const { added } = plans.part(variant, "registry")
  const packages =
    added.packages.length > 0 || plans.part(variant, "upstream").added.packages.length > 0
      ? packageStages(plans, variant, beneath, extended)
      : { stages: [alias(`${variant}-packages`, beneath.target)], native: beneath.native }
  const tools = toolStages(plans, variant)
  const copies = [
    ...(first ? ["COPY --from=accounts /laid-out/ /\n", "COPY --from=locale /laid-out/ /\n"] : []),
    ...(tools ? [`COPY --from=${variant}-tools /tools/ /\n`] : []),
    ...(first
      ? [`COPY --chown=${RUNNER_USER.uid}:${RUNNER_USER.gid} --from=runner /runner/ ${RUNNER_USER.home}/\n`]
      : []),
  ]
  const equipped = `${variant}-equipped`
  const files = fileStages(plans, variant, versions)
  return {
    stages: [
      ...packages.stages,
      ...(first ? [accountsStage(variant)] : []),
      ...(tools ?? []),
      stage(`The image of ${variant}, without its configuration.`, `${variant}-packages`, equipped, ...copies),
      ...(first ? [runtimeStage(equipped, "runtime")] : []),
      ...files,
      stage(
        "",
        equipped,
        variant,
        ...(first ? ["COPY --from=runtime /laid-out/ /\n"] : []),
        `COPY --from=${variant}-described /laid-out/ /\n`,
        ...(plans.part(variant, "upstream").added.files.length > 0 ? [`COPY --from=${variant}-files /files/ /\n`] : []),
      ),
    ],
    native: packages.native,
  }
}

function versionsOf(runners: Readonly<Record<RunnerKind, string>>): string {
  return choice(
    "RUNNER",
    Object.fromEntries(Object.entries(runners).map(([kind, version]) => [kind, `runner=${quoted(version)}`])),
  )
}

/** The stage with what the runner shows in a job's first step, and the image with its configuration. */
function finalStages(
  plans: DockerfilePlans,
  variant: BuiltInVariant,
  runners: Readonly<Record<RunnerKind, string>>,
): string {
  const { plan, whole } = plans.part(variant, "upstream")
  const texts = choice(
    "RUNNER",
    Object.fromEntries(
      (["official", "act"] as const).map((kind) => [
        kind,
        `runner=${doubleQuoted(runnerText({ kind, version: runners[kind] }))}`,
      ]),
    ),
  )
  const info = setupInfoText(plan, whole.platform, { version: PROJECT_VERSION, runnerVersion: "RUNNER" })
    .replace(runnerText({ kind: plan.runner, version: "RUNNER" }), "$runner")
    .replace(`Platform: ${whole.platform}`, "Platform: $TARGETPLATFORM")
    .replace(`Base: ${plan.base}`, "Base: $BASE")
  const { command, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = HEALTHCHECK
  const environment = Object.entries(environmentOn(plan, whole.platform)).map(([name, value]) => `${name}=${value}`)
  return [
    stage(
      "",
      "build-base",
      "setup-info",
      ...["TARGETPLATFORM", "BASE", "RUNNER"].map((name) => `ARG ${name}\n`),
      run([], `${texts}cat > /setup-info <<JSON\n${info}JSON\n`),
    ),
    [
      `FROM ${variant}`,
      `COPY --chown=${RUNNER_USER.uid}:${RUNNER_USER.gid} --chmod=0644 --from=setup-info /setup-info ${SETUP_INFO.path}`,
      "ARG SOURCES",
      "ARG RUNNER",
      `ARG RUNNER_FROM=\${RUNNER/official/upstream}`,
      `ARG RUNNER_VERSION=\${RUNNER/official/${runners.official}}`,
      `LABEL ${wrapped(labels(plans, variant, runners), "").replaceAll("\n", "\n  ")}`,
      `ENV ${wrapped(environment, "").replaceAll("\n", "\n  ")}`,
      `USER ${userOf(plan)}`,
      `WORKDIR ${RUNNER_USER.home}`,
      `HEALTHCHECK --interval=${intervalSeconds}s --timeout=${timeoutSeconds}s --start-period=${startPeriodSeconds}s --retries=${retries} \\`,
      `  CMD ${jsonWords(command)}`,
      `ENTRYPOINT ${jsonWords(ENTRYPOINT)}`,
      "",
    ].join("\n"),
  ].join("\n")
}

function labels(
  plans: DockerfilePlans,
  variant: BuiltInVariant,
  runners: Readonly<Record<RunnerKind, string>>,
): string[] {
  const [upstream, registry] = (["upstream", "registry"] as const).map(
    (kind) => plans.part(variant, kind).plan.sources.tools,
  )
  const sources = Object.entries(upstream ?? {}).map(([name, { from }]): [string, ToolSource] => {
    const other = registry?.[name]?.from
    const said = name === "runner" ? "${RUNNER_FROM/act/registry}" : from === other ? from : "$SOURCES"
    return [name, { from: said as SourceKind, reason: "" }]
  })
  const { plan } = plans.part(variant, "upstream")
  const all = {
    ...standardAnnotations({
      title: plan.title,
      description: plan.description,
      version: PROJECT_VERSION,
      licenses: "Apache-2.0",
      base: { name: `docker.io/library/${plan.base}` },
    }),
    "com.github.runner.version": `\${RUNNER_VERSION/act/${runners.act}}`,
    "com.github.runner.type": variant,
    "com.github.runner.kind": "$RUNNER",
    [SOURCES_LABEL]: sourcesLabel({ tools: Object.fromEntries(sources) }),
  }
  return Object.entries(all).map(([name, value]) => `${name}=${doubleQuoted(value)}`)
}

/** A word with variables in it. */
function doubleQuoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`
}

/** @example jsonWords(["a", "b"]) ⇒ '["a", "b"]' */
function jsonWords(words: readonly string[]): string {
  return JSON.stringify(words).replaceAll('","', '", "')
}

function names(...files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((name) => [name, name]))
}

function below(folder: string, ...files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map((name) => [name, `${folder}/${name}`]))
}

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, source]) => [`${folder}/${name}`, source]))
}
