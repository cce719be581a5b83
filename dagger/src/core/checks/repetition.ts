import type { ToolName } from "../catalog/catalog.js"
import { environmentOn } from "../plan/plan.js"
import { TOOL_CACHE } from "../variants/runner-user.js"
import { FACTS_FILE, TOOL_CACHE_LINKS } from "../variants/runtime-files.js"
import type { CheckResult } from "../report/report.js"
import type { CheckContext, ScheduledCheck } from "./check.js"
import { extendsPath, type OwnLayers } from "./own-layers.js"

/** The image that a variant extends, when it was checked in the same run. */
export interface CheckedBelow {
  variant: string
  /** As they were scheduled for it. */
  checks: readonly ScheduledCheck[]
  results: readonly CheckResult[]
}

/**
 * Variables that change what the program of one tool does, and no other's: a variant that brings the tool may set them without touching
 * what was proved below. Any other variable may reach any program.
 */
const READ_BY_ONE_TOOL: Readonly<Partial<Record<ToolName, readonly string[]>>> = {
  go: ["GOPATH", "GOTOOLCHAIN"],
}

/**
 * Folders in which programs look for nothing that they were not told about, apart from folders that every base image has there. In a tool
 * cache, only those who ask for a tool by its name look into its folder.
 */
const PRIVATE_FOLDER = new RegExp(`^(?:/usr/local|/opt|${TOOL_CACHE}|${TOOL_CACHE_LINKS})/[^/]+/$`)

const NO_LAYERS: OwnLayers = { added: [], replaced: [], programs: [], shadowing: [] }

/**
 * Why nothing that was proved of the image below counts for a variant on top of it; undefined if most of it does. Layers are shared, so
 * only what a variant's own layers and its configuration can change needs another proof:
 *
 * - Packages bring libraries, triggers and settings, and may bring newer versions: anything may behave differently.
 * - A replaced file, and a new one in a folder that programs search, may be used by anything. So may a variable, unless only the variant's
 *   own tool reads it.
 * - Folders that are added to PATH hide programs of the same names.
 *
 * @param layers if they are known: without them, undefined only means that what is known from the plans is no reason
 */
export function changesAll(below: CheckContext, own: CheckContext, layers = NO_LAYERS): string | undefined {
  const { variant } = own.plan
  const versions = new Set(below.packages.map(({ name, version }) => `${name} ${version}`))
  const packages = own.packages.filter(({ name, version }) => !versions.has(`${name} ${version}`))
  if (packages.length > 0 || own.packages.length !== below.packages.length)
    return `${variant} adds or changes packages, ${some(packages.map(({ name }) => name))}`
  if (own.plan.root !== below.plan.root) return `${variant} starts as another user`
  const variables = changedVariables(below, own).filter((name) => name !== "PATH" && !readByOwnTool(name, below, own))
  if (variables.length > 0) return `${variant} sets ${some(variables)}`
  if (!extendsPath(below, own)) return `${variant} removes or moves folders of PATH`
  if (layers.shadowing.length > 0) return `${variant} has other programs on PATH, ${some(layers.shadowing)}`
  const replaced = layers.replaced.filter((path) => path !== FACTS_FILE)
  if (replaced.length > 0) return `${variant} replaces ${some(replaced)}`
  const added = layers.added.filter((path) => !PRIVATE_FOLDER.test(path))
  return added.length > 0 ? `${variant} adds ${some(added)}` : undefined
}

/**
 * The checks that a variant need not repeat because they passed below and nothing that the variant adds concerns them. A check concerns what
 * is added if it names it; if it asks something else than below; if it reads the facts about the image, which the variant replaces; or if
 * it shares results with a check that is repeated.
 *
 * @param layers of a variant for which {@link changesAll} returns undefined
 */
export function provedBelow(
  { checks: before, results }: CheckedBelow,
  checks: readonly ScheduledCheck[],
  contexts: { below: CheckContext; own: CheckContext },
  { added, replaced, programs }: OwnLayers,
): ReadonlySet<string> {
  const names = [
    ...programs,
    ...changedVariables(contexts.below, contexts.own),
    ...added.map((path) => path.slice(0, -1)),
  ]
  const same = new Map(before.map((check) => [check.name, fingerprint(check)]))
  const passed = new Set(results.filter(({ status }) => status === "passed").map(({ name }) => name))
  const repeated = new Set<string>()
  const concerned = (check: ScheduledCheck) =>
    !passed.has(check.name) ||
    same.get(check.name) !== fingerprint(check) ||
    (check.readsFacts === true && replaced.includes(FACTS_FILE)) ||
    names.some((name) => mentions(check.command, name)) ||
    (check.after !== undefined && repeated.has(check.after))
  for (const check of checks) if (concerned(check)) repeated.add(check.name)
  // From the last to the first: a check is repeated for those that read its results.
  for (const { name, after } of [...checks].reverse())
    if (after !== undefined && repeated.has(name)) repeated.add(after)
  for (const { name, after } of checks) if (after !== undefined && repeated.has(after)) repeated.add(name)
  return new Set(checks.map(({ name }) => name).filter((name) => !repeated.has(name)))
}

/** The results below, of checks that were not repeated: each names the variant in whose container it ran. */
export function byReference({ variant, results }: CheckedBelow, names: ReadonlySet<string>): CheckResult[] {
  return results
    .filter(({ name }) => names.has(name))
    .map(({ seconds: _, attempts: __, ...result }) => ({ ...result, provedBy: result.provedBy ?? variant }))
}

function changedVariables(below: CheckContext, own: CheckContext): string[] {
  const before = environmentOn(below.plan, below.platform)
  const after = environmentOn(own.plan, own.platform)
  return Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name])
}

function readByOwnTool(variable: string, below: CheckContext, own: CheckContext): boolean {
  const there = new Set(below.tools.map(({ name }) => name))
  return own.tools
    .filter(({ name }) => !there.has(name))
    .some(({ name }) =>
      (READ_BY_ONE_TOOL as Readonly<Partial<Record<string, readonly string[]>>>)[name]?.includes(variable),
    )
}

/** Everything that decides about a check's result. */
function fingerprint({ command, expect, environment, skip, after }: ScheduledCheck): string {
  const expected = expect.kind === "matches" ? { ...expect, pattern: String(expect.pattern) } : expect
  return JSON.stringify([command, expected, environment, skip, after])
}

/** @example mentions("go env", "go") ⇒ true; mentions("cargo env", "go") ⇒ false */
function mentions(command: string, name: string): boolean {
  return command
    .split(/[^\w.+/-]+/)
    .some((word) => word === name || word.startsWith(`${name}/`) || word.endsWith(`/${name}`))
}

/** @example some(["a", "b", "c", "d"]) ⇒ "a, b, c and 1 more" */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ")
  return names.length > 3 ? `${shown} and ${String(names.length - 3)} more` : shown
}
