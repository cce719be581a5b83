import { readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { pinnedSources } from "../../../dagger/src/core/catalog/downloads.js"
import { problemText } from "../../../dagger/src/core/catalog/catalog.js"
import { readCatalog } from "../../../dagger/src/core/catalog/pins.js"
import { runnerAge, runnerOld } from "../../../dagger/src/core/catalog/releases/age.js"
import { runnerReleases } from "../../../dagger/src/core/catalog/releases/runner-releases.js"
import { TOOL_ENTRIES } from "../../../dagger/src/core/catalog/tools.js"
import { vulnerabilityText } from "../../../dagger/src/core/catalog/vulnerabilities.js"
import { httpAccess } from "../../../dagger/src/pipeline/catalog/http-access.js"
import type { Examination, World } from "../examination/examination.js"
import { failure, ok, problem, skipped, warning, type Finding } from "../examination/finding.js"

const CHECK = "catalog"

/** The age of what the catalog pins: GitHub sends no jobs to a runner that is too old. */
export async function checkCatalog({ world }: Examination): Promise<Finding[]> {
  const { tools, problems } = readCatalog(readFileSync(world.pins, "utf8"), TOOL_ENTRIES)
  if (problems.length > 0)
    return [problem(CHECK, problems.map(problemText).join("\n"), "./runner-images catalog check", "CATALOG_INVALID")]
  const vulnerable = Object.entries(tools).flatMap(([tool, { title, ...entry }]) =>
    pinnedSources({ title, ...entry }).flatMap(({ version }) => vulnerabilityText({ tool, title, version }) ?? []),
  )
  return [
    await runnerFinding(world, tools.runner?.upstream),
    ...(vulnerable.length === 0
      ? []
      : [warning("catalog: vulnerabilities", [...new Set(vulnerable)].join("\n"), "./runner-images catalog update")]),
  ]
}

async function runnerFinding(
  world: World,
  pinned: { version: string; released: string } | undefined,
): Promise<Finding> {
  const check = "catalog: runner"
  if (!pinned) return skipped(check, "the catalog has no runner of GitHub's")
  const releases = await Promise.race([
    runnerReleases(httpAccess(world.mirror)),
    sleep(world.patience, { unknown: `no answer within ${world.patience / 1000} seconds` }, { ref: false }),
  ])
  const age = runnerAge(pinned, releases, world.now())
  const text = age.text.replace(/\.$/, "")
  if ("unknown" in releases) return skipped(check, text)
  if (age.verdict === "old") return failure(check, runnerOld(age))
  return age.verdict === "warn"
    ? warning(check, text, "./runner-images catalog update runner && npm run docs")
    : ok(check, text)
}
