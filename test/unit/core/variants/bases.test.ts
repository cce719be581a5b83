import { describe, expect, it } from "vitest"
import { aptSourcesOf, parseBase } from "../../../../dagger/src/core/variants/bases.js"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { labelsOf } from "../../../../dagger/src/core/plan/labels.js"
import { assertPlannable, planVariant, requestedPackages } from "../../../../dagger/src/core/plan/plan.js"
import { PLATFORMS } from "../../../../dagger/src/core/platforms.js"
import { resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"

const UBUNTU: BuildRequest = {
  platforms: [...PLATFORMS],
  variants: ["standard"],
  sources: "registry",
  base: "ubuntu:24.04",
  sudo: false,
  refresh: false,
}

function refused(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof RunnerImagesError) return `${error.code}: ${error.problem} ${error.remedy}`
    throw error
  }
  throw new Error("not refused")
}

describe("a base", () => {
  it("is Debian when none is named", () => {
    expect([undefined, " Debian:trixie-slim", "ubuntu:24.04"].map(parseBase)).toEqual([
      "debian:trixie-slim",
      "debian:trixie-slim",
      "ubuntu:24.04",
    ])
  })

  it.each([
    ["", "--base is empty. Choose from debian:trixie-slim, ubuntu:24.04."],
    ["ubuntu:24.40", '"ubuntu:24.40" is not a base that images can be built on. Did you mean ubuntu:24.04?'],
    ["alpine", '"alpine" is not a base that images can be built on. Choose from debian:trixie-slim, ubuntu:24.04.'],
  ])("is refused: %j", (given, message) => {
    expect(refused(() => parseBase(given))).toBe(`BASE_INVALID: ${message}`)
  })
})

describe("on Ubuntu", () => {
  it("the standard image has its own names of packages, from registries", () => {
    const { base, platforms } = planVariant("standard", UBUNTU, { mode: "registry", reason: "" })
    expect(base).toBe("ubuntu:24.04")
    const [first, second] = platforms.map(({ packages }) => packages.join(" "))
    expect(second).toBe(first)
    expect(first).toMatchInlineSnapshot(
      `"acl bc bind9-dnsutils build-essential ca-certificates curl docker-buildx docker-compose-v2 docker.io file gawk gh git git-lfs gnupg iproute2 iputils-ping jq libbz2-dev libffi-dev libicu74 libkrb5-3 liblttng-ust1t64 liblzma-dev libnss-wrapper libreadline-dev libsqlite3-dev libssl-dev libssl3t64 libyaml-dev lsb-release lz4 netcat-openbsd openssh-client pigz pipx pkgconf procps python-is-python3 python3 python3-dev python3-pip python3-venv rsync time tini tree tzdata unzip wget xz-utils zip zlib1g zlib1g-dev zstd"`,
    )
  })

  it("the standard image has its own names of packages, from upstream", () => {
    const { platforms } = planVariant("standard", UBUNTU, { mode: "upstream", reason: "" })
    expect(platforms[0]?.packages.join(" ")).toMatchInlineSnapshot(
      `"acl bc bind9-dnsutils build-essential ca-certificates curl file gawk git git-lfs gnupg iproute2 iputils-ping jq libbz2-dev libffi-dev libicu74 libkrb5-3 liblttng-ust1t64 liblzma-dev libnss-wrapper libreadline-dev libsqlite3-dev libssl-dev libssl3t64 libyaml-dev lsb-release lz4 netcat-openbsd openssh-client pigz pipx pkgconf procps python-is-python3 python3 python3-dev python3-pip python3-venv rsync time tini tree tzdata unzip wget xz-utils zip zlib1g zlib1g-dev zstd"`,
    )
    expect(platforms[0]?.tools).toEqual(
      planVariant("standard", { ...UBUNTU, base: "debian:trixie-slim" }, { mode: "upstream", reason: "" }).platforms[0]
        ?.tools,
    )
  })

  it("the chrome image asks for these packages, its tools aside", () => {
    expect(requestedPackages("chrome", { ...UBUNTU, cjkFonts: true }).join(" ")).toMatchInlineSnapshot(
      `"acl bc bind9-dnsutils file gawk iputils-ping lsb-release lz4 netcat-openbsd pigz pipx pkgconf python-is-python3 time tree libbz2-dev libffi-dev liblzma-dev libreadline-dev libsqlite3-dev libssl-dev libyaml-dev python3-dev zlib1g-dev build-essential ca-certificates curl git git-lfs gnupg iproute2 jq libnss-wrapper libicu74 libssl3t64 libkrb5-3 zlib1g liblttng-ust1t64 openssh-client procps python3 python3-pip python3-venv rsync tini tzdata unzip wget xz-utils zip zstd dbus-x11 fonts-freefont-ttf fonts-liberation fonts-noto-color-emoji libasound2t64 libatk-bridge2.0-0t64 libcups2t64 libdrm2 libgbm1 libgtk-3-0t64 libnss3 libxcomposite1 libxdamage1 libxfixes3 libxkbcommon0 libxrandr2 xauth xdg-utils xvfb fonts-noto-cjk"`,
    )
  })

  it.each(["chrome", "chrome-go"])("%s from registries is refused before any work", (variant) => {
    expect(
      refused(() => {
        assertPlannable({ ...UBUNTU, variants: [variant] })
      }),
    ).toBe(
      "BASE_INVALID: ubuntu:24.04 has no package chromium: Ubuntu ships Chromium as a snap, which cannot run in a container. Use --sources upstream if vendors' downloads are reachable, or --base debian:trixie-slim.",
    )
  })

  it("chrome is refused if auto cannot have the browser from upstream, and says why", () => {
    const { tools } = resolveDefinition("chrome", undefined)
    const there = Object.fromEntries(tools.map((name) => [name, { from: "upstream", reason: "there" } as const]))
    const decided = (reason: string) => {
      const browser = { from: "registry", reason } as const
      return { mode: "auto", tools: { ...there, chrome: browser, chromedriver: browser } } as const
    }
    const request = { ...UBUNTU, sources: "auto" as const, variants: ["chrome"] }
    expect(refused(() => planVariant("chrome", request, decided("the catalog has no checksum for it")))).toBe(
      "BASE_INVALID: ubuntu:24.04 has no package chromium: Ubuntu ships Chromium as a snap, which cannot run in a container. It cannot come from upstream either: the catalog has no checksum for it. Make its upstream files available, or use --base debian:trixie-slim.",
    )
  })

  it("apt finds the packages of every platform", () => {
    expect(aptSourcesOf("ubuntu:24.04")).toMatchInlineSnapshot(`
      {
        "path": "/etc/apt/sources.list.d/ubuntu.sources",
        "text": "Types: deb
      URIs: http://archive.ubuntu.com/ubuntu
      Suites: noble noble-updates noble-security
      Components: main universe
      Architectures: amd64
      Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

      Types: deb
      URIs: http://ports.ubuntu.com/ubuntu-ports
      Suites: noble noble-updates noble-security
      Components: main universe
      Architectures: arm64
      Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
      ",
      }
    `)
    expect(aptSourcesOf("debian:trixie-slim")).toBeUndefined()
  })

  it("labels name the base", () => {
    const plan = planVariant("standard", UBUNTU, { mode: "registry", reason: "" })
    const facts = { created: "2026-01-02T03:04:05Z", base: "ubuntu@sha256:0", runnerVersion: "1" }
    expect(labelsOf(plan, facts)).toMatchObject({
      "org.opencontainers.image.base.name": "docker.io/library/ubuntu:24.04",
      "org.opencontainers.image.base.digest": "sha256:0",
    })
  })
})
