import { PLATFORMS, spelling } from "../platforms.js"
import { SOURCE_KINDS } from "../report/report.js"
import type { VariantName } from "../variants/names.js"
import type { DockerfilePlans } from "./plans.js"
import { alias, choice, exec, run, stage, wrapped, type Mount } from "./text.js"

/**
 * Programs of the default base that scripts name by absolute path, and that native ones may cover: see `scripts/accelerate/prepare.sh`. The
 * mounts of a Dockerfile are fixed before anything is built. A program that is not here is run by an emulator.
 */
const COVERED = ["bash", "dash", "dpkg", "perl"]
/** Those that are there once packages are unpacked, or whose scripts are. */
const COVERED_AFTERWARDS = [...COVERED, "env", "python3.13"]

/** What the native loader needs to be told, by the builder's architecture. */
const TRIPLET = choice(
  "BUILDARCH",
  Object.fromEntries(PLATFORMS.map(spelling).map(({ arch, triplet }) => [arch, `triplet=${triplet}`])),
)

/** The stages on which a variant's packages are installed. */
export interface Below {
  /** For the target platform. */
  target: string
  /** For the builder's own, with nothing but packages. */
  native: string
}

/**
 * The stages that install a variant's packages. The last, `VARIANT-packages`, is one of three, by the builder's platform and INSTALL.
 *
 * @param extended whether another variant's packages are installed on top
 */
export function packageStages(
  plans: DockerfilePlans,
  variant: VariantName,
  below: Below,
  extended: boolean,
): { stages: string[]; native: string } {
  const named = (suffix: string) => `${variant}-${suffix}`
  const first = plans.variants[0] === variant
  const debs = (side: "build" | "target"): Mount[] => [
    { from: named(`debs-${side}`), source: "/plan", target: "/plan" },
    { from: named(`debs-${side}`), source: "/debs", target: "/debs" },
  ]
  const debsOf = (side: "build" | "target", root: string) =>
    `ARG ${side.toUpperCase()}ARCH\n${debsInstructions(plans, variant, side, root, first)}`
  const install = (side: "build" | "target", ...steps: string[]) => {
    const arch = `${side.toUpperCase()}ARCH`
    return `ARG ${arch}\n${run(debs(side), `sh /plan/install.sh "$${arch}" ${steps.join(" ")}\n`)}`
  }
  const unpackedNatively = [
    'order=$(sh /plan/install.sh "$BUILDARCH" unpack)',
    "# The next step removes it, with everything else in /var/log.",
    `printf '%s\\n' "$order" > /var/log/configure-order`,
    "",
  ].join("\n")
  const before = first ? COVERED : COVERED_AFTERWARDS
  const after = COVERED_AFTERWARDS
  const native = first || extended
  const stages = [
    stage(
      `Package files of ${variant}, for the builder's own platform and, if that is another, for the target.`,
      "archive",
      named("debs-build"),
      debsOf("build", below.native),
    ),
    stage("", "archive", named("debs-target"), debsOf("target", below.target)),
    stage(
      "Installed natively. Other platforms' packages are configured by these programs, and in their order.",
      below.native,
      named("native-unpacked"),
      "ARG BUILDARCH\n",
      run(debs("build"), unpackedNatively),
    ),
    ...(native ? [stage("", named("native-unpacked"), named("native"), install("build", "configure"))] : []),
    first
      ? alias(named("packages-native"), named("native"))
      : stage("", below.target, named("packages-native"), install("build", "unpack", "configure")),
    stage(
      "Installed on another platform's root by native programs: unpacked …",
      below.native,
      named("unpack-prepared"),
      prepared(below.target, "/plan", debs("target"), before),
    ),
    stage(
      "",
      below.target,
      named("unpacked"),
      accelerated("unpack", named("unpack-prepared"), below.target, named("debs-target"), before),
    ),
    stage(
      "… and configured.",
      named("native-unpacked"),
      named("configure-prepared"),
      prepared(
        named("unpacked"),
        "/unpacked-plan",
        [{ from: named("debs-target"), source: "/plan", target: "/unpacked-plan" }],
        after,
      ),
    ),
    stage(
      "",
      named("unpacked"),
      named("packages-accelerated"),
      accelerated("configure", named("configure-prepared"), named("unpacked"), named("debs-target"), after),
    ),
    stage(
      "Installed by another platform's own programs, under emulation.",
      below.target,
      named("packages-emulated"),
      install("target", "unpack", "configure"),
    ),
    alias(named("packages"), `${named("packages")}-\${METHOD:-native}`),
  ]
  return { stages, native: native ? named("native") : below.native }
}

function debsInstructions(
  plans: DockerfilePlans,
  variant: VariantName,
  side: "build" | "target",
  root: string,
  first: boolean,
): string {
  const [upstream = [], registry = []] = SOURCE_KINDS.map((kind) => plans.part(variant, kind).added.packages)
  const common = upstream.filter((name) => registry.includes(name))
  const only = (names: readonly string[]) => names.filter((name) => !common.includes(name))
  const more = { upstream: only(upstream), registry: only(registry) }
  const chosen = Object.values(more).some((names) => names.length > 0)
  const additional = choice(
    "SOURCES",
    Object.fromEntries(Object.entries(more).map(([kind, names]) => [kind, ["set --", ...names].join(" ")])),
  )
  const words = `sh /scripts/packages.sh "$${side.toUpperCase()}ARCH" "$@" \\\n${wrapped(common, "  ")}\n`
  return [
    ...(chosen ? ["ARG SOURCES\n"] : []),
    // A wildcard, because the folder need not be there.
    ...(first ? ["COPY deb[s]/ /given/\n"] : []),
    run(
      [
        { from: "install-scripts", target: "/scripts" },
        { from: root, source: "/var/lib/dpkg/status", target: "/target/status" },
        { cache: `runner-images-debs-$${side.toUpperCase()}ARCH`, target: "/cache" },
      ],
      chosen ? additional + words : `set --\n${words}`,
    ),
  ].join("")
}

/** Instructions of a native stage that gets ready what a foreign root needs. */
function prepared(root: string, plan: string, more: readonly Mount[], covered: readonly string[]): string {
  const scripts: Mount = { from: "install-scripts", target: "/scripts" }
  const words = ["sh", "/scripts/prepared.sh", '"$triplet"', plan, ...covered.map(pathOf)]
  return [
    run([scripts], "sh /scripts/native-tools.sh\n"),
    "ARG BUILDARCH\n",
    run([scripts, { from: root, target: "/target" }, ...more], `${TRIPLET}${words.join(" ")}\n`),
  ].join("")
}

/** Instructions of a foreign stage in which native programs take a step of the installation. */
function accelerated(
  step: "unpack" | "configure",
  native: string,
  own: string,
  debs: string,
  covered: readonly string[],
): string {
  const mounts: Mount[] = [
    { from: native, target: "/native" },
    { from: native, source: "/accelerate/plan", target: "/plan" },
    { from: debs, source: "/debs", target: "/debs" },
    { from: own, target: "/own" },
    ...covered.map(pathOf).map((path) => ({
      from: native,
      source: `/accelerate/cover/${path.replaceAll("/", "_")}`,
      target: path,
    })),
  ]
  // Not a shell of the root's, which is covered by one that needs its loader.
  return `ARG TARGETARCH\n${exec(mounts, ["/own/usr/bin/dash", "/plan/accelerated.sh", step])}`
}

function pathOf(program: string): string {
  return `/usr/bin/${program}`
}
