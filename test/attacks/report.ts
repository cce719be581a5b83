import type { PlatformName } from "../../dagger/src/core/platforms.js"
import type { Attack } from "./attacks.js"
import type { AttackResult } from "./run-attack.js"
import type { Way } from "./ways.js"

export interface AttackReport {
  readonly attacks: readonly Attack[]
  readonly ways: readonly Way[]
  readonly platforms: readonly PlatformName[]
  readonly results: readonly AttackResult[]
}

/** What came of all attacks, as Markdown: a table for each platform, what was found, and how often what was tried. */
export function attackReport({ attacks, ways, platforms, results }: AttackReport): string {
  const lines = ["# A hostile job in the built images", ""]
  for (const platform of platforms) {
    const own = results.filter((result) => result.platform === platform)
    const cell = (attack: Attack, way: Way): string => {
      const found = own.find((result) => result.attack === attack && result.way === way)
      return found ? cellText(found) : "not made"
    }
    lines.push(`## ${platform}`, "", total(own), "")
    lines.push(
      ...table(
        ["attack", ...ways.map(({ name }) => name)],
        attacks.map((attack) => [attack.name, ...ways.map((way) => cell(attack, way))]),
      ),
      "",
    )
    lines.push(...details(own))
  }
  lines.push("## What is attacked", "", ...ways.map(({ name, meaning }) => `- ${name}: ${meaning}.`), "")
  lines.push("## What is tried", "", ...attacks.map(({ name, tries }) => `- ${name}: ${tries}.`), "")
  return lines.join("\n")
}

/** `312 tried, 0 secrets, 0 foreign` */
function cellText({ outcome, why }: AttackResult): string {
  if (!outcome) return why ?? "failed"
  const { finds, foreignRemoved } = outcome
  return `${String(triedOf(outcome.tried))} tried, ${String(finds.length)} found, ${String(foreignRemoved.length)} foreign removed`
}

/** Attempts, and not what of them came to something. */
function triedOf(tried: Readonly<Record<string, number>>): number {
  return Object.entries(tried).reduce(
    (sum, [what, count]) => sum + (/ (?:that|of loot)\b|^messages/.test(what) ? 0 : count),
    0,
  )
}

function total(results: readonly AttackResult[]): string {
  const made = results.flatMap(({ outcome }) => outcome ?? [])
  const sum = (count: (outcome: (typeof made)[number]) => number): string =>
    String(made.reduce((all, each) => all + count(each), 0))
  return `${String(made.length)} attacks, ${sum(({ tried }) => triedOf(tried))} attempts: ${sum(({ finds }) => finds.length)} found, ${sum(({ foreignRemoved }) => foreignRemoved.length)} foreign runners removed.`
}

function details(results: readonly AttackResult[]): string[] {
  const found = results.flatMap(({ attack, way, outcome }) => {
    const all = [...new Set((outcome?.finds ?? []).map(({ what, where }) => `${what} (${where})`))]
    const shown = all.length > 6 ? [...all.slice(0, 6), `and ${String(all.length - 6)} more`] : all
    return shown.length === 0 ? [] : [`- ${attack.name}, ${way.name}: ${shown.join("; ")}.`]
  })
  const tried = results.flatMap(({ attack, way, outcome, seconds }) =>
    outcome ? [`- ${attack.name}, ${way.name} (${seconds.toFixed(0)} s): ${counts(outcome.tried)}.`] : [],
  )
  return [...(found.length === 0 ? [] : ["### Found", "", ...found, ""]), "### Tried", "", ...tried, ""]
}

function counts(tried: Readonly<Record<string, number>>): string {
  return Object.entries(tried)
    .map(([what, count]) => `${String(count)} ${what}`)
    .join(", ")
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
}
