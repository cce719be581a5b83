import { RUNNER_USER } from "../variants/runner-user.js"
import { UNKNOWN_VERSION } from "../plan/expected-tools.js"
import { upstreamVersion } from "../packages/resolved-packages.js"
import { contains, matches, type CheckContext, type ExecCheck } from "./check.js"

/** How each package's main program prints its version, which must be the archive's. */
const PACKAGES: readonly { package: string; command: string }[] = [
  { package: "curl", command: "curl --version" },
  { package: "git", command: "git --version" },
  { package: "git-lfs", command: "git lfs version" },
  { package: "gnupg", command: "gpg --version" },
  { package: "iproute2", command: "ip -Version" },
  // work/pip runs it. What it loads to print its version takes seconds under emulation.
  { package: "python3-pip", command: "python3 -c 'import pip; print(pip.__version__)'" },
  { package: "procps", command: "ps --version" },
  { package: "rsync", command: "rsync --version" },
  { package: "tini", command: "tini --version" },
  { package: "wget", command: "wget --version" },
  { package: "zstd", command: "zstd --version" },
]

/** docker's plugin itself, from the first of the folders in which docker looks. */
const COMPOSE_PLUGIN =
  "for folder in /usr/local/lib /usr/local/libexec /usr/lib /usr/libexec; do plugin=$folder/docker/cli-plugins/docker-compose; [ ! -x $plugin ] || exec $plugin version; done"

/** The version in a program's own package.json, next to the folder of the program. */
const packageVersionOf = (name: string) =>
  `grep -m 1 '"version"' "$(dirname "$(readlink -f "$(command -v ${name})")")/../package.json"`

const TOOLS: Readonly<Record<string, string>> = {
  runner: `${RUNNER_USER.home}/bin/Runner.Listener --version`,
  node: "node --version",
  npm: "npm --version",
  yarn: "yarn --version",
  docker: "docker --version",
  buildx: "docker buildx version",
  compose: "docker compose version",
  gh: "gh --version",
  chrome: "google-chrome --version",
  chromedriver: "chromedriver --version",
  playwright: "playwright --version",
  go: "go version",
}

/** What stands in for a tool's command under emulation, where it would take seconds, because another check runs the tool. */
const EMULATED_TOOLS: Readonly<Record<string, string>> = {
  // work/npm runs it.
  npm: packageVersionOf("npm"),
  // work/yarn runs it.
  yarn: packageVersionOf("yarn"),
  // work/compose has docker find and run it, which starts each of docker's plugins.
  compose: COMPOSE_PLUGIN,
}

/** Every tool and main program prints the version that was known before it was installed. */
export function versionChecks({ tools, packages }: CheckContext): ExecCheck[] {
  return [
    ...tools.flatMap((tool) => toolVersion(tool)),
    ...PACKAGES.flatMap((entry) => packageVersion(entry, packages)),
  ]
}

function toolVersion(tool: CheckContext["tools"][number]): ExecCheck[] {
  const command = TOOLS[tool.name]
  if (!command) return []
  const emulated = EMULATED_TOOLS[tool.name]
  return [
    {
      name: `version/${tool.name}`,
      proves: "the tool runs and has the planned version",
      command,
      ...(emulated !== undefined && { emulation: { command: emulated } }),
      expect:
        tool.version === UNKNOWN_VERSION
          ? matches(/\d+\.\d+/)
          : contains(tool.source.startsWith("deb:") ? upstreamVersion(tool.version) : tool.version),
    },
  ]
}

function packageVersion(entry: { package: string; command: string }, packages: CheckContext["packages"]): ExecCheck[] {
  const locked = packages.find((candidate) => candidate.name === entry.package)
  if (!locked) return []
  return [
    {
      name: `version/${entry.package}`,
      proves: "the program runs and has the resolved version",
      command: entry.command,
      expect: contains(upstreamVersion(locked.version)),
    },
  ]
}
