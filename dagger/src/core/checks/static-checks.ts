import type { CheckContext } from "./check.js"
import {
  AGENT_FOLDERS,
  AGENT_USER,
  OWNED_FOLDERS,
  ROOT_HOME,
  RUNNER_FOLDERS,
  RUNNER_USER,
  userOf,
} from "../variants/runner-user.js"
import { knownFindings, type KnownFinding } from "./known-findings.js"
import { environmentOn } from "../plan/plan.js"
import { labelsOf } from "../plan/labels.js"
import { UNKNOWN_VERSION } from "../plan/expected-tools.js"
import { setupInfoText } from "../plan/setup-info.js"
import type { CheckResult } from "../report/report.js"
import { isAccepted, type FileCheck } from "../variants/findings.js"
import { kindOf, type RootfsScan } from "./rootfs-scan.js"
import { shippedBecause, type Finding, type PackageEvidence, type PackagesOfImage } from "./shipped.js"
import { sourcePlaces, sourceProblems } from "./tool-sources.js"
import { ENTRYPOINT, LOADER, RUNTIME_LINKS, RUNTIME_PROGRAMS } from "../variants/runtime-files.js"

/** The programs that may be setuid or setgid, all from the distribution's own packages. Any other is a finding. */
const SETUID = [
  "/usr/bin/chage 2755",
  "/usr/bin/chfn 4755",
  "/usr/bin/chsh 4755",
  "/usr/bin/expiry 2755",
  "/usr/bin/gpasswd 4755",
  "/usr/bin/mount 4755",
  "/usr/bin/newgrp 4755",
  "/usr/bin/passwd 4755",
  "/usr/bin/ssh-agent 2755",
  "/usr/bin/su 4755",
  "/usr/bin/umount 4755",
  "/usr/lib/openssh/ssh-keysign 4755",
  "/usr/sbin/unix_chkpwd 2755",
]
/** Debian's folders in which new files belong to the folder's group. */
const SETGID_FOLDERS = ["/var/local 2775", "/var/mail 2775"]
const SETUID_SUDO = ["/usr/bin/sudo 4755"]

/** Folders where everybody may write, and only owners may delete. */
const SHARED_FOLDERS = ["/run/lock 1777", "/tmp 1777", "/var/tmp 1777"]

/** What belongs in the root folder: the Filesystem Hierarchy Standard's folders, Debian's markers of the merged /usr, and our own. */
const TOP = new Set([
  ...["bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libo32", "libx32", "media", "mnt", "opt", "proc"],
  ...["root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"],
  ...["bin.usr-is-merged", "lib.usr-is-merged", "sbin.usr-is-merged"],
  ...[...ENTRYPOINT, ...Object.keys(RUNTIME_LINKS)].map((path) => path.split("/")[1]),
  ...RUNNER_FOLDERS.map((folder) => folder.split("/")[1]),
  // What eStargz layers add, as those see it who unpack them like any other.
  ...["stargz.index.json", ".prefetch.landmark", ".no.prefetch.landmark"],
])

/** The check that the label with the tools' sources is right, which publishing with `--sources auto` requires. */
export const SOURCES_CHECK = "config/sources"

/** Names of variables that suggest a secret. */
const SECRET_VARIABLE = /token|secret|passw(?:or)?d|credential|api_?key|access_?key|private_?key/i

/** The most findings that a message names. */
const MOST_NAMED = 10

/** What a user can do about an identity that an installation does not remove. */
const IDENTITY_REMEDY = "leave its package out and run it as a service container, or create it when a job starts"

/** What a user can do about a library that is missing. */
const LIBRARY_REMEDY = "add the package that has the library to `packages`"

/** The parts of the image's configuration that checks use. */
export interface CheckedConfig {
  user: string
  workdir: string
  entrypoint: readonly string[]
  environment: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
  /** The text of {@link SETUP_INFO}; undefined without such a file. */
  setupInfo: string | undefined
}

type Started = Pick<CheckedConfig, "entrypoint" | "environment">

/** The paths about which the checks of a configuration ask the scan. */
export function pathsToKnow(config: Started): string[] {
  return [
    ...new Set([RUNNER_USER.home, ...AGENT_FOLDERS, ...searchPath(config), ...startedBy(config), ...sourcePlaces()]),
  ]
}

/**
 * Checks of the image's files and configuration that execute nothing from the image.
 *
 * @param entrypoint the expected entrypoint
 * @param packages those that the image's dpkg has
 */
export function staticChecks(
  context: CheckContext,
  scan: RootfsScan,
  config: CheckedConfig,
  entrypoint: readonly string[],
  packages?: PackagesOfImage,
): CheckResult[] {
  return [
    ...fileChecks(context, scan, knownFindings(context), packages),
    ...configChecks(context, scan, config, entrypoint),
  ]
}

/** A check and its findings. */
interface Findings {
  name: FileCheck
  proves: string
  found: readonly Finding[]
  /** What to do about them in a definition file. */
  remedy?: string
}

const NO_PACKAGES: PackagesOfImage = { installed: [], optional: new Map() }

/**
 * Checks of the image's files. In a built-in variant only known findings are right. A custom variant may also have what its packages ship,
 * and what its definition accepts.
 */
export function fileChecks(
  context: CheckContext,
  scan: RootfsScan,
  known: readonly KnownFinding[],
  packages = NO_PACKAGES,
): CheckResult[] {
  const all = findings(context, scan)
  const evidence = { ...packages, platform: context.platform, packaged: scan.packaged }
  const judged = all.map((check) => judgeFindings(context, check, known, evidence))
  const stale = known.filter(
    ({ check, finding, varies }) =>
      varies === undefined &&
      !all.some(({ name, found }) => name === check && found.some(({ text }) => finding.test(text))),
  )
  return [
    ...judged,
    result(
      "files/known-findings",
      "every known finding still occurs",
      "",
      named(stale.map(({ check, finding }) => `${check} ${finding.source}`)),
    ),
    ...(scan.capabilities === undefined ? [unreadable("files/capabilities", CAPABILITIES)] : []),
  ]
}

function judgeFindings(
  { plan }: CheckContext,
  { name, proves, found, remedy }: Findings,
  known: readonly KnownFinding[],
  evidence: PackageEvidence,
): CheckResult {
  const unknown = found.filter(({ text }) => !known.some(({ check, finding }) => check === name && finding.test(text)))
  const accepted: NonNullable<CheckResult["accepted"]> = []
  const left: string[] = []
  for (const finding of unknown) {
    const { text } = finding
    const shipped = plan.custom ? shippedBecause(name, finding, evidence) : undefined
    const entry = shipped === undefined ? plan.accept.find((candidate) => isAccepted(candidate, name, text)) : undefined
    if (shipped !== undefined) accepted.push({ finding: text, reason: shipped, by: "package" })
    else if (entry) accepted.push({ finding: text, reason: entry.reason, by: "definition" })
    else left.push(text)
  }
  const first = left.find((text) => text.startsWith("/"))
  const wayOut =
    plan.custom && first !== undefined
      ? [
          `if it is right for this image, accept it in the definition: {check: ${name}, finding: ${JSON.stringify(first)}, reason: …}`,
        ]
      : []
  const reason = [...(remedy === undefined ? [] : [remedy]), ...wayOut].join("; ")
  return {
    ...result(name, proves, "", named(left)),
    ...(left.length > 0 && reason !== "" ? { reason } : {}),
    ...(left.length > MOST_NAMED ? { findings: left } : {}),
    ...(accepted.length > 0 ? { accepted } : {}),
  }
}

const CAPABILITIES = "no program has capabilities"

/** A finding that is worded as a path, then a separator, then what is said of it. */
function worded(text: string, separator: string): Finding {
  return { text, path: text.slice(0, text.lastIndexOf(separator)) }
}

function pathFinding(path: string): Finding {
  return { text: path, path }
}

function findings({ platform, plan }: CheckContext, scan: RootfsScan): Findings[] {
  const sudo = plan.platforms.some(({ packages }) => packages.includes("sudo"))
  const setuid = new Set([...SETUID, ...SETGID_FOLDERS, ...(sudo ? SETUID_SUDO : [])])
  return [
    {
      name: "elf/machine",
      proves: "every program and library is built for the platform",
      found: [
        ...(scan.programs > 0 ? [] : [{ text: `no ELF files for ${kindOf(platform)}`, path: "/" }]),
        ...scan.foreignArchitecture.map(({ path, kind }) => ({ text: `${path} is ${kind}`, path })),
      ],
    },
    {
      name: "elf/whole",
      proves: "no program or library is truncated",
      found: scan.damaged.map(({ path, reason }) => ({ text: `${path} ${reason}`, path })),
    },
    {
      name: "elf/libraries",
      proves: "every program and library finds its interpreter and the libraries that it needs",
      found: scan.missing.map((missing) => ({
        ...{ text: `${missing.path} needs ${missing.needs}`, path: missing.path },
        missing,
      })),
      ...(plan.custom ? { remedy: LIBRARY_REMEDY } : {}),
    },
    {
      name: "files/setuid",
      proves: "only known programs and folders are setuid or setgid",
      found: scan.setuid.filter((text) => !setuid.has(text)).map((text) => worded(text, " ")),
    },
    {
      name: "files/special",
      proves: "everything is a file, a folder or a link; the container engine creates devices",
      found: scan.special.map((text) => ({ text, path: text.replace(/ [a-z ]+$/, "") })),
    },
    ...(scan.capabilities
      ? [{ name: "files/capabilities" as const, proves: CAPABILITIES, found: scan.capabilities.map(pathFinding) }]
      : []),
    {
      name: "files/writable",
      proves: "only shared folders such as /tmp are world-writable",
      found: scan.writable.filter((text) => !SHARED_FOLDERS.includes(text)).map((text) => worded(text, " ")),
    },
    {
      name: "files/leftovers",
      proves: "no logs, caches or backups are in the image",
      found: scan.leftovers.map(pathFinding),
    },
    {
      name: "files/build-paths",
      proves: "nothing of the build is left in the root folder",
      found: scan.top.filter((path) => !TOP.has(path.slice(1))).map(pathFinding),
    },
    {
      name: "files/secrets",
      proves: "no private keys, tokens or stored credentials are in the image",
      found: scan.secrets.map((text) => worded(text, ": ")),
    },
    {
      name: "files/identities",
      proves: "no machine's or database's identity is in the image, which all containers would share",
      found: scan.identities.map(({ path, kind }) => ({ text: `${path} (${kind})`, path })),
      remedy: IDENTITY_REMEDY,
    },
  ]
}

function configChecks(
  context: CheckContext,
  scan: RootfsScan,
  config: CheckedConfig,
  entrypoint: readonly string[],
): CheckResult[] {
  const { plan, platform, tools } = context
  const { uid, gid, home } = RUNNER_USER
  const environment = Object.entries(environmentOn(plan, platform))
  const folder = scan.paths[home]
  return [
    result("config/user", "containers start as the requested user, given by number", userOf(plan), config.user),
    result("config/workdir", "containers start in the runner's home", home, config.workdir),
    result(
      "config/home",
      "the runner's home exists and belongs to it",
      `folder of ${String(uid)}:${String(gid)}`,
      folder ? `${folder.type} of ${folder.owner}` : "missing",
    ),
    result(
      "config/agent",
      "the broker's folders belong to it, and nobody else can read them",
      "",
      named(
        OWNED_FOLDERS.filter(({ owner }) => owner === AGENT_USER).flatMap(({ path, owner, mode }) => {
          const wanted = `folder of ${String(owner.uid)}:${String(owner.gid)}, mode ${mode.toString(8)}`
          const found = scan.paths[path]
          const actual = found ? `${found.type} of ${found.owner}, mode ${found.mode}` : "missing"
          return actual === wanted ? [] : [`${path}: ${actual}`]
        }),
      ),
    ),
    result(
      "config/loader",
      "users can run but not read the loader, which is the one that Node.js names",
      loaderText({
        type: "file",
        owner: "0:0",
        mode: LOADER.mode.toString(8),
        sha256: scan.paths[LOADER.of]?.interpreter?.sha256,
      }),
      loaderText(scan.paths[LOADER.path]),
    ),
    result(
      "config/entrypoint",
      "the runtime program starts the runner",
      entrypoint.join(" "),
      config.entrypoint.join(" "),
    ),
    result(
      "config/init",
      "the programs that the entrypoint names and needs exist and are executable",
      "",
      named(startedBy(config).filter((path) => !isProgram(scan.paths[path]))),
    ),
    result(
      "config/environment",
      "the environment is the variant's",
      environment.map(([name, value]) => `${name}=${value}`).join(" "),
      environment.map(([name]) => `${name}=${config.environment[name] ?? ""}`).join(" "),
    ),
    result(
      "config/path",
      "every folder of PATH exists, except those in the user's home, which jobs create",
      "",
      named(searchPath(config).filter((path) => !isAtHome(path) && scan.paths[path]?.type !== "folder")),
    ),
    result(
      "config/secrets",
      "no variable holds a secret",
      "",
      // Reports must not contain its value.
      named(
        Object.entries(config.environment)
          .filter(([name, value]) => SECRET_VARIABLE.test(name) && value !== "")
          .map(([name]) => name),
      ),
    ),
    result(
      "config/setup-info",
      "the runner shows in every job which image it is in",
      setupInfoText(plan, platform, {
        version: config.labels["org.opencontainers.image.version"] ?? "",
        created: config.labels["org.opencontainers.image.created"] ?? "",
        runnerVersion: config.labels["com.github.runner.version"] ?? "",
      }),
      config.setupInfo ?? "missing",
    ),
    result(
      "config/labels",
      "all expected labels are set",
      "",
      named(expectedLabels(plan).filter((name) => (config.labels[name] ?? "") === "")),
    ),
    result(
      "config/runner",
      "the labels name the runner's kind and version",
      `${plan.runner} ${tools.find(({ name }) => name === "runner")?.version ?? UNKNOWN_VERSION}`,
      `${config.labels["com.github.runner.kind"] ?? "no kind"} ${config.labels["com.github.runner.version"] ?? UNKNOWN_VERSION}`,
    ),
    result(
      SOURCES_CHECK,
      "the label names the source of each tool, and the image's packages and files agree where sources differ in them",
      "",
      named(sourceProblems(context, config.labels, scan)),
    ),
  ]
}

function isAtHome(path: string): boolean {
  return [RUNNER_USER.home, ROOT_HOME].some((home) => path.startsWith(`${home}/`))
}

function loaderText(found: RootfsScan["paths"][string] | undefined): string {
  return found ? `${found.type} of ${found.owner}, mode ${found.mode}, sha256 ${found.sha256 ?? "unknown"}` : "missing"
}

function expectedLabels(plan: CheckContext["plan"]): string[] {
  return Object.keys(labelsOf(plan, { created: "", base: "", runnerVersion: "" }))
}

function searchPath({ environment }: Pick<Started, "environment">): string[] {
  return (environment.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"))
}

/** The programs that start-up needs, and those in the image's configuration. */
function startedBy({ entrypoint }: Pick<Started, "entrypoint">): string[] {
  return [...new Set([...entrypoint.filter((argument) => argument.startsWith("/")), ...RUNTIME_PROGRAMS])]
}

function isProgram(path: RootfsScan["paths"][string] | undefined): boolean {
  return path?.type === "file" && (parseInt(path.mode, 8) & 0o111) !== 0
}

function named(found: readonly string[]): string {
  const more = found.length - MOST_NAMED
  return [...found.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${String(more)} more`] : [])].join(", ")
}

function unreadable(name: string, proves: string): CheckResult {
  return { name, proves, status: "skipped", reason: "the scan cannot read extended attributes on this engine" }
}

function result(name: string, proves: string, expected: string, actual: string): CheckResult {
  if (expected === actual) return { name, proves, status: "passed" }
  return { name, proves, status: "failed", expected: expected || "nothing", actual }
}
