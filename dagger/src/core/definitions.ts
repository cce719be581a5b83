import type { ToolName } from "./catalog.js"
import type { VariantName } from "./variants.js"

/** What a variant consists of. A variant that extends another has all that the other has. */
export interface VariantDefinition {
  title: string
  description: string
  extends?: VariantName
  /** Packages of the distribution that users ask for by name; their dependencies follow. */
  packages: readonly string[]
  tools: readonly ToolName[]
  environment: Readonly<Record<string, string>>
  /** What an image may weigh, in bytes: its layers unpacked, the Actions runner's aside. */
  budgetBytes: number
}

/** The runner user, the same in every image. The docker group's id is the one of GitHub's own runner image. */
export const RUNNER_USER = {
  name: "runner",
  uid: 1001,
  gid: 1001,
  home: "/home/runner",
  shell: "/bin/bash",
  groups: [{ name: "docker", gid: 123 }],
} as const

const TOOL_CACHE = "/opt/hostedtoolcache"

/** Folders that belong to the runner user: its home, the usual volumes and the tool cache. */
export const RUNNER_FOLDERS = [RUNNER_USER.home, `${RUNNER_USER.home}/_work`, TOOL_CACHE] as const

export const BASE_IMAGE = "debian:trixie-slim"

/** Documentation is of no use to a job; licences stay. dpkg's configuration, in every image. */
export const DPKG_EXCLUDES = `path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
`

/** What the Actions runner itself loads at run time: in every image, whichever runner is inside. */
export const RUNNER_LIBRARIES = ["libicu76", "libssl3t64", "libkrb5-3", "zlib1g", "liblttng-ust1t64"] as const

export const DEFINITIONS: Record<VariantName, VariantDefinition> = {
  standard: {
    title: "GitHub Actions runner",
    description:
      "Self-hosted GitHub Actions runner with Git, Node.js, Python, a C toolchain and the Docker and GitHub CLIs",
    packages: [
      "build-essential",
      "ca-certificates",
      "curl",
      "git",
      "git-lfs",
      "gnupg",
      "iproute2",
      "jq",
      ...RUNNER_LIBRARIES,
      "openssh-client",
      "procps",
      "python3",
      "python3-pip",
      "python3-venv",
      "rsync",
      "tini",
      "tzdata",
      "unzip",
      "wget",
      "xz-utils",
      "zip",
      "zstd",
    ],
    // The runner last: it changes most often, and layers above a change are made again.
    tools: ["node", "npm", "docker", "buildx", "compose", "gh", "runner"],
    environment: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      LANG: "C.UTF-8",
      RUNNER_TOOL_CACHE: TOOL_CACHE,
      AGENT_TOOLSDIRECTORY: TOOL_CACHE,
    },
    budgetBytes: 950_000_000,
  },
}

/** A variant with all that it inherits. */
export function resolveDefinition(variant: VariantName): Omit<VariantDefinition, "extends"> {
  const { extends: parent, ...own } = DEFINITIONS[variant]
  if (!parent) return own
  const base = resolveDefinition(parent)
  return {
    ...own,
    packages: [...base.packages, ...own.packages],
    tools: [...base.tools, ...own.tools],
    environment: { ...base.environment, ...own.environment },
  }
}
