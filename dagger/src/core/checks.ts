import { RUNNER_USER } from "./definitions.js"
import type { PlannedTool, PlatformPlan, VariantPlan } from "./plan.js"
import { upstreamVersion } from "./packages.js"
import { spelling, type PlatformName } from "./platforms.js"
import type { CheckResult, LockedPackage, Tool } from "./report.js"

/** What a check's output must be. */
export type Expectation =
  | { kind: "equals"; value: string }
  | { kind: "contains"; value: string }
  | { kind: "matches"; pattern: RegExp }
  | { kind: "fails" }

/** A check that runs in the container, as the image's own user, with the image's own environment. */
export interface ExecCheck {
  name: string
  proves: string
  /** Shell text; its standard output and error together are what is expected to be something. */
  command: string
  expect: Expectation
}

/** What a check knows of the image before it is built. */
export interface CheckContext {
  platform: PlatformName
  plan: VariantPlan
  tools: readonly Pick<Tool, "name" | "version" | "source">[]
  packages: readonly Pick<LockedPackage, "name" | "version">[]
}

const equals = (value: string): Expectation => ({ kind: "equals", value })
const contains = (value: string): Expectation => ({ kind: "contains", value })
const matches = (pattern: RegExp): Expectation => ({ kind: "matches", pattern })

/** How each package's main program tells its version; the archive's version is what it must be. */
const PACKAGE_VERSIONS: readonly { package: string; command: string }[] = [
  { package: "curl", command: "curl --version" },
  { package: "git", command: "git --version" },
  { package: "git-lfs", command: "git lfs version" },
  { package: "gnupg", command: "gpg --version" },
  { package: "iproute2", command: "ip -Version" },
  { package: "python3-pip", command: "pip --version" },
  { package: "procps", command: "ps --version" },
  { package: "rsync", command: "rsync --version" },
  { package: "tini", command: "tini --version" },
  { package: "wget", command: "wget --version" },
  { package: "zstd", command: "zstd --version" },
]

const TOOL_VERSIONS: Readonly<Record<string, string>> = {
  runner: `${RUNNER_USER.home}/bin/Runner.Listener --version`,
  node: "node --version",
  npm: "npm --version",
  docker: "docker --version",
  buildx: "docker buildx version",
  compose: "docker compose version",
  gh: "gh --version",
  chrome: "google-chrome --version",
  chromedriver: "chromedriver --version",
  playwright: "playwright --version",
  go: "go version",
}

/** Libraries that the Actions runner loads, as the dynamic linker's cache names them. */
const LIBRARIES: Readonly<Record<string, RegExp>> = {
  ICU: /libicuuc\.so\.\d+/,
  OpenSSL: /libssl\.so\.3/,
  Kerberos: /libgssapi_krb5\.so\.2/,
  zlib: /libz\.so\.1/,
  LTTng: /liblttng-ust\.so\.1/,
}

/** The checks that run in the container. */
export function execChecks(context: CheckContext): ExecCheck[] {
  const names = spelling(context.platform)
  const { name, uid, gid, home, groups } = RUNNER_USER
  const memberships = [`${String(gid)}(${name})`, ...groups.map((group) => `${String(group.gid)}(${group.name})`)]
  return [
    {
      name: "machine/kernel",
      proves: "the machine is the platform's",
      command: "uname -m",
      expect: equals(names.uname),
    },
    {
      name: "machine/packages",
      proves: "packages are the platform's",
      command: "dpkg --print-architecture",
      expect: equals(names.debian),
    },
    {
      name: "machine/node",
      proves: "Node.js is the platform's",
      command: "node -p process.arch",
      expect: equals(names.vendor),
    },
    {
      name: "machine/compiler",
      proves: "the compiler makes programs for the platform",
      command: "gcc -dumpmachine",
      expect: equals(names.triplet),
    },
    {
      name: "user/identity",
      proves: "jobs run as the runner user, who may use the Docker socket's group",
      command: "id",
      expect: equals(`uid=${String(uid)}(${name}) gid=${String(gid)}(${name}) groups=${memberships.join(",")}`),
    },
    {
      name: "user/home",
      proves: "the user starts at home and may write there",
      command: `pwd && touch ${home}/.probe && rm ${home}/.probe`,
      expect: equals(home),
    },
    {
      name: "user/tool-cache",
      proves: "setup actions may write the tool cache",
      command: 'touch "$RUNNER_TOOL_CACHE/.probe" && rm "$RUNNER_TOOL_CACHE/.probe" && echo writable',
      expect: equals("writable"),
    },
    context.plan.platforms.some((platform) => platform.packages.includes("sudo"))
      ? { name: "user/sudo", proves: "sudo works without a password", command: "sudo -n id -u", expect: equals("0") }
      : {
          name: "user/sudo",
          proves: "there is no way to become root",
          command: "command -v sudo",
          expect: { kind: "fails" },
        },
    { name: "locale/charmap", proves: "text is UTF-8", command: "locale charmap", expect: equals("UTF-8") },
    {
      name: "locale/time-zones",
      proves: "time zones are known",
      command: "TZ=Asia/Tokyo date +%Z",
      expect: equals("JST"),
    },
    {
      name: "trust/authorities",
      proves: "certificate authorities are installed",
      command: "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt",
      expect: matches(/^\d{2,}$/),
    },
    ...context.tools.flatMap((tool) => toolVersionCheck(tool)),
    ...PACKAGE_VERSIONS.flatMap((entry) => packageVersionCheck(entry, context.packages)),
    ...Object.entries(LIBRARIES).map(([library, pattern]): ExecCheck => ({
      name: `library/${library}`,
      proves: "the Actions runner's libraries are there, whichever runner is inside",
      command: "/sbin/ldconfig -p",
      expect: matches(pattern),
    })),
    {
      name: "work/compile",
      proves: "a C program compiles, links and runs",
      command: `cd "$(mktemp -d)" && printf '#include <stdio.h>\\nint main(void) { puts("compiled"); }' > a.c && gcc a.c && ./a.out`,
      expect: equals("compiled"),
    },
    {
      name: "work/clone",
      proves: "git commits and clones",
      command: `cd "$(mktemp -d)" && git init -q a && git -C a -c user.name=a -c user.email=a@a commit -q --allow-empty -m cloned && git clone -q a b && git -C b log --format=%s`,
      expect: equals("cloned"),
    },
    {
      name: "work/venv",
      proves: "Python makes a virtual environment",
      command: `cd "$(mktemp -d)" && python3 -m venv --without-pip v && v/bin/python -c 'import ssl, sys; print(sys.prefix != sys.base_prefix)'`,
      expect: equals("True"),
    },
    {
      name: "work/archives",
      proves: "zip, unzip, xz and zstd undo each other",
      command: `cd "$(mktemp -d)" && echo packed > a && zip -q a.zip a && unzip -p a.zip | xz | unxz | zstd -q | zstd -dq`,
      expect: equals("packed"),
    },
    {
      // Debian's jq does not know its own patch level, so its version is left to packages/lock.
      name: "work/json",
      proves: "jq reads and computes",
      command: `echo '{"a":[1,2]}' | jq '.a | add'`,
      expect: equals("3"),
    },
    {
      name: "work/ssh",
      proves: "the SSH client makes keys",
      command: `cd "$(mktemp -d)" && ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -l -f key`,
      expect: contains("ED25519"),
    },
    {
      name: "runner/unconfigured",
      proves: "a runner without configuration does not pretend to work",
      // Not run.sh: the real one turns its listener's failure into success.
      command: `${home}/bin/Runner.Listener run`,
      expect: { kind: "fails" },
    },
    {
      name: "packages/state",
      proves: "every package is whole",
      command: "dpkg --audit",
      expect: equals(""),
    },
    {
      name: "packages/lock",
      proves: "the installed versions are those that were resolved",
      command: missingPackages(context.packages),
      expect: equals(""),
    },
  ]
}

/** Prints the packages of a list that are not installed in exactly that version. */
function missingPackages(packages: CheckContext["packages"]): string {
  const list = packages.map(({ name, version }) => `${name}=${version}`).join("\\n")
  return `dpkg-query -W -f '\${Package}=\${Version}\\n' > /tmp/installed && printf '${list}\\n' | grep -vxFf /tmp/installed || true`
}

/** Of a tool in an image that was built elsewhere: that it tells a version is all that can be asked. */
export const UNKNOWN_VERSION = "unknown"

function toolVersionCheck(tool: CheckContext["tools"][number]): ExecCheck[] {
  const command = TOOL_VERSIONS[tool.name]
  if (!command) return []
  return [
    {
      name: `version/${tool.name}`,
      proves: "the tool runs, in the version that was planned",
      command,
      expect:
        tool.version === UNKNOWN_VERSION
          ? matches(/\d+\.\d+/)
          : contains(tool.source.startsWith("deb:") ? upstreamVersion(tool.version) : tool.version),
    },
  ]
}

function packageVersionCheck(
  entry: { package: string; command: string },
  packages: CheckContext["packages"],
): ExecCheck[] {
  const locked = packages.find((candidate) => candidate.name === entry.package)
  if (!locked) return []
  return [
    {
      name: `version/${entry.package}`,
      proves: "the program runs, in the version that was resolved",
      command: entry.command,
      expect: contains(upstreamVersion(locked.version)),
    },
  ]
}

/** The tools of a platform's plan with the versions that the catalog or the archive gives them, before anything is installed. */
export function expectedTools(plan: PlatformPlan, packages: readonly LockedPackage[], projectVersion: string): Tool[] {
  return plan.tools.map((tool) => toolOf(tool, packages, projectVersion))
}

function toolOf(tool: PlannedTool, packages: readonly LockedPackage[], projectVersion: string): Tool {
  switch (tool.from) {
    case "upstream":
      return { name: tool.name, version: tool.version, source: tool.url, sha256: tool.sha256 }
    case "npm":
      return { name: tool.name, version: tool.version, source: `npm:${tool.package}@${tool.version}` }
    case "go-toolchain":
      return { name: tool.name, version: tool.version, source: `go:${tool.module}` }
    case "project":
      return { name: tool.name, version: projectVersion, source: "project" }
    case "deb": {
      const locked = packages.find((candidate) => candidate.name === tool.package)
      return {
        name: tool.name,
        version: locked?.version ?? UNKNOWN_VERSION,
        source: `deb:${tool.package}`,
        ...(locked ? { sha256: locked.sha256 } : {}),
      }
    }
  }
}

/** What one command of the smoke program did. */
export interface Execution {
  exitCode: number
  output: string
}

/** Judges a check by what its command did. */
export function judge(check: ExecCheck, execution: Execution | undefined): CheckResult {
  const { name, proves, expect } = check
  const expected = describe(expect)
  if (!execution) return { name, proves, status: "failed", expected, reason: "the check did not run" }
  const output = execution.output.trim()
  const actual = output.length > 400 ? `${output.slice(0, 400)}…` : output
  const ok = expect.kind === "fails" ? execution.exitCode !== 0 : execution.exitCode === 0 && meets(expect, output)
  if (ok) return { name, proves, status: "passed" }
  return { name, proves, status: "failed", expected, actual, reason: `exit code ${String(execution.exitCode)}` }
}

function meets(expect: Exclude<Expectation, { kind: "fails" }>, output: string): boolean {
  switch (expect.kind) {
    case "equals":
      return output === expect.value
    case "contains":
      return output.includes(expect.value)
    case "matches":
      return expect.pattern.test(output)
  }
}

function describe(expect: Expectation): string {
  switch (expect.kind) {
    case "equals":
      return expect.value === "" ? "nothing" : expect.value
    case "contains":
      return `… ${expect.value} …`
    case "matches":
      return String(expect.pattern)
    case "fails":
      return "a failure"
  }
}

/** One line of the smoke program's output: number of the check, exit code, output in base64. */
const LINE = /^check (\d+) (\d+) ([A-Za-z0-9+/=]*)$/

/** How long one check may take, emulation included. */
const CHECK_SECONDS = 120

/**
 * A shell program that runs all checks and prints one line for each, so that a platform needs a single start of a container.
 */
export function smokeProgram(checks: readonly ExecCheck[]): string {
  const runs = checks.map(
    (check, index) => `run ${String(index)} <<'CHECK-${String(index)}'\n${check.command}\nCHECK-${String(index)}\n`,
  )
  return `run() {
  output=$(timeout ${String(CHECK_SECONDS)} sh 2>&1)
  code=$?
  printf 'check %s %s %s\\n' "$1" "$code" "$(printf %s "$output" | base64 -w 0)"
}
${runs.join("")}`
}

/** Reads what the smoke program printed. */
export function readExecutions(output: string): Map<number, Execution> {
  const executions = new Map<number, Execution>()
  for (const line of output.split("\n")) {
    const [, index, exitCode, encoded] = LINE.exec(line) ?? []
    if (index === undefined || exitCode === undefined || encoded === undefined) continue
    executions.set(Number(index), {
      exitCode: Number(exitCode),
      output: Buffer.from(encoded, "base64").toString("utf8"),
    })
  }
  return executions
}
