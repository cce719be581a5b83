import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { catalogTool, upstreamFiles } from "../../dagger/src/core/catalog/catalog.js"
import { planVariant } from "../../dagger/src/core/plan/plan.js"
import { PLATFORMS, spelling } from "../../dagger/src/core/platforms.js"
import { resolveDefinition } from "../../dagger/src/core/variants/definitions.js"
import { VARIANTS } from "../../dagger/src/core/variants/names.js"
import { DOCKER_FOLDER } from "../../src/host/paths.js"
import { dockerfiles } from "../../src/runs/dockerfile.js"

const made = [...dockerfiles()].map(([path, text]) => ({ name: path.slice(DOCKER_FOLDER.length + 1), path, text }))
const texts = Object.fromEntries(
  VARIANTS.map((variant) => {
    const name = variant === "standard" ? "Dockerfile" : `Dockerfile.${variant}`
    return [variant, made.find((file) => file.name === name)?.text ?? ""]
  }),
)

describe("runner-images dockerfile --write has written", () => {
  it.each(made)("$name", ({ path, text }) => {
    expect(readFileSync(path, "utf8")).toBe(text)
  })

  it("every file that is there, and no other", () => {
    const folders = [...new Set(made.map(({ path }) => dirname(path)))].filter((folder) => folder !== DOCKER_FOLDER)
    const files = folders.flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [join(folder, entry.name)] : [],
      ),
    )
    expect(files.sort()).toEqual(
      made
        .map(({ path }) => path)
        .filter((path) => dirname(path) !== DOCKER_FOLDER)
        .sort(),
    )
  })
})

describe.each(VARIANTS)("the Dockerfile of %s", (variant) => {
  const text = texts[variant] ?? ""
  const stages = text.split(/^(?=FROM )/m).slice(1)
  const nameOf = (stage: string) => /^FROM .* AS (\S+)$/m.exec(stage.split("\n")[0] ?? "")?.[1]

  it("pins what reads it by version and digest", () => {
    expect(text.split("\n")[0]).toMatch(/^# syntax=docker\/dockerfile:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/)
  })

  it("starts each stage from a base image, from nothing or from an earlier stage", () => {
    const names: string[] = []
    for (const stage of stages) {
      const [, from = ""] = /^FROM (?:--platform=\$BUILDPLATFORM )?(\S+)/.exec(stage) ?? []
      const pattern = new RegExp(`^${from.replaceAll(/[.]/g, "\\.").replaceAll(/\$\{[^}]+\}/g, "\\w+")}$`)
      if (from !== "${BASE}" && from !== "scratch")
        expect(
          names.some((name) => pattern.test(name)),
          from,
        ).toBe(true)
      const mounted = [...stage.matchAll(/from=([^,\s]+)/g)].map(([, name]) => name)
      expect(names).toEqual(expect.arrayContaining(mounted))
      const name = nameOf(stage)
      if (name !== undefined) names.push(name)
    }
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(PLATFORMS)("fetches every verifiable file of vendors for %s with its checksum", (platform) => {
    const { tools } = resolveDefinition(variant, undefined)
    const known = upstreamFiles(tools, PLATFORMS).filter(({ sha256 }) => sha256 === "unknown")
    const together = (name: string) =>
      known.some(({ tool }) => tool === name || catalogTool(tool).sameVersionAs === name)
    const files = upstreamFiles(tools, [platform]).filter(({ tool }) => !together(tool))
    expect(files.length).toBeGreaterThan(4)
    const own = stages.filter((stage) => nameOf(stage)?.endsWith(`upstream-${spelling(platform).arch}`)).join("")
    for (const { url, sha256 } of files)
      expect(own).toContain(`ADD --checksum=sha256:${sha256} \\\n  ${url.replace("https:/", "${MIRROR}")} /`)
    expect(own.match(/^ADD /gm)).toHaveLength(files.length)
  })

  it("adds nothing from another place without a checksum", () => {
    expect(text.match(/^ADD (?!--checksum=sha256:[0-9a-f]{64} )/gm)).toBeNull()
  })

  it.each(["upstream", "registry"] as const)("installs the packages of a build from %s", (kind) => {
    const base = { platforms: [...PLATFORMS], variants: [variant], sudo: false, refresh: false }
    const { packages } = planVariant(variant, { ...base, sources: kind }, { mode: kind, reason: "" }).platforms[0] ?? {
      packages: [],
    }
    const scripts = stages.filter((stage) => nameOf(stage)?.endsWith("-debs-target"))
    const words = scripts.flatMap((stage) => {
      const joined = stage.replaceAll(/\\\n\s*/g, "")
      const [, chosen = ""] = new RegExp(`^  ${kind}\\) set --(.*) ;;$`, "m").exec(joined) ?? []
      const [, common = ""] = /packages\.sh "\$TARGETARCH" "\$@" (.*)$/m.exec(joined) ?? []
      return `${chosen} ${common}`.trim().split(/\s+/)
    })
    // Of the browser, neither platform has all files: it is a package in both cases.
    const browser = variant === "standard" || kind === "registry" ? [] : ["chromium", "chromium-driver"]
    expect(words.sort()).toEqual([...packages, ...browser].sort())
  })

  it("keeps what it downloads apart for each architecture", () => {
    const caches = [...text.matchAll(/--mount=type=cache,id=([^,]+),/g)].map(([, id = ""]) => id)
    expect(caches.length).toBeGreaterThan(3)
    expect(caches.filter((id) => !/\$(TARGET|BUILD)ARCH$/.test(id))).toEqual([])
  })

  it("declares every argument that a stage uses", () => {
    const given = [
      "BUILDARCH",
      "BUILDPLATFORM",
      "TARGETARCH",
      "TARGETPLATFORM",
      "BASE",
      "SOURCES",
      "RUNNER",
      "MIRROR",
      "INSTALL",
    ]
    for (const stage of stages) {
      const [, ...rest] = stage.split("\n")
      const body = rest.join("\n").split(/^# /m)[0] ?? ""
      for (const name of given)
        if (new RegExp(`\\$\\{?${name}\\b`).test(body))
          expect(
            body.indexOf(`ARG ${name}\n`),
            `${name} in ${nameOf(stage) ?? "the last stage"}`,
          ).toBeGreaterThanOrEqual(0)
    }
  })

  it("has no architecture outside of the stages for it and of choices between all", () => {
    const archs = PLATFORMS.map((platform) => spelling(platform).arch)
    const lines = text.split("\n").filter((line) => !line.startsWith("#") && archs.some((arch) => line.includes(arch)))
    const allowed = [
      new RegExp(`^  (${archs.join("|")})\\) `),
      new RegExp(`^FROM scratch AS \\S+-(${archs.join("|")})$`),
      /^ {2}\$\{MIRROR\}\//,
      /^APT::Architectures /,
      /^sh compile\.sh /,
      /architecture-labels\.json$/,
    ]
    expect(lines.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([])
  })
})

it("the standard Dockerfile's stages", () => {
  const names = [...(texts.standard ?? "").matchAll(/^FROM (.*?)(?: AS (\S+))?$/gm)].map(
    ([, from, name]) => `${name ?? "(image)"} ← ${from ?? ""}`,
  )
  expect(names.map((line) => line.replace("--platform=$BUILDPLATFORM ", ""))).toMatchInlineSnapshot(`
    [
      "base ← \${BASE}",
      "build-base ← \${BASE}",
      "install-scripts ← scratch",
      "tool-scripts ← scratch",
      "archive ← build-base",
      "toolbox ← archive",
      "golang ← toolbox",
      "locale ← toolbox",
      "bundle ← toolbox",
      "runner-upstream-amd64 ← scratch",
      "runner-upstream-arm64 ← scratch",
      "runner-upstream ← runner-upstream-\${TARGETARCH}",
      "runner-official ← toolbox",
      "runner-compiled ← golang",
      "runner-act ← runner-compiled",
      "runner ← runner-\${RUNNER}",
      "standard-debs-build ← archive",
      "standard-debs-target ← archive",
      "standard-native-unpacked ← build-base",
      "standard-native ← standard-native-unpacked",
      "standard-packages-native ← standard-native",
      "standard-unpack-prepared ← build-base",
      "standard-unpacked ← base",
      "standard-configure-prepared ← standard-native-unpacked",
      "standard-packages-accelerated ← standard-unpacked",
      "standard-packages-emulated ← base",
      "standard-packages ← standard-packages-\${METHOD:-native}",
      "accounts ← build-base",
      "standard-upstream-amd64 ← scratch",
      "standard-upstream-arm64 ← scratch",
      "standard-upstream ← standard-upstream-\${TARGETARCH}",
      "standard-tools-upstream ← toolbox",
      "standard-tools-registry ← toolbox",
      "standard-tools ← standard-tools-\${SOURCES}",
      "standard-equipped ← standard-packages",
      "runtime ← bundle",
      "standard-files ← scratch",
      "standard-described ← build-base",
      "standard ← standard-equipped",
      "setup-info ← build-base",
      "(image) ← standard",
    ]
  `)
})

it("a name for each variant", () => {
  expect(made.map(({ path }) => basename(path)).filter((name) => name.startsWith("Dockerfile"))).toEqual([
    "Dockerfile",
    "Dockerfile.chrome",
    "Dockerfile.chrome-go",
  ])
})
