import { distance } from "fastest-levenshtein"
import { knownNames } from "./settings.js"

/** Only names that begin like this program's own are checked: an environment is full of other programs' variables. */
const OURS =
  /^(ACCES|ACTIONS_RUNNER_|APP_|BROKER_|CONFIGURED_|DISABLE_|ENTERPRISE|EPHEMERAL|EXTRA_CA|FORGET_|GITHUB_|JIT|LABEL|METRIC|NO_DEFAULT|ORG|RANDOM_|REPO|RUNNER_|RUN_AS|START_DOCKER|UNSET_)/

/** What GitHub gives jobs, the runner reads, and other images set for themselves. */
const OTHERS = new RegExp(
  `^(${[
    "ACTIONS_RUNNER_INPUT_.*|RUNNER_(ALLOW_RUNASROOT|MANUALLY_TRAP_SIG|IMAGES_.*)",
    "RUNNER_(ARCH|ENVIRONMENT|HOME|OS|TEMP|TRACKING_ID|USER|WORKSPACE)",
    "GITHUB_(ACTIONS?(_.*)?|ACTOR(_ID)?|API_URL|BASE_REF|ENV|EVENT_.*|GRAPHQL_URL|HEAD_REF|JOB|OUTPUT|PATH)",
    "GITHUB_(REF(_.*)?|REPOSITORY_.*|RETENTION_DAYS|RUN_.*|SERVER_URL|SHA|STATE|STEP_SUMMARY|TRIGGERING_ACTOR|WORK.*)",
  ].join("|")})$`,
)

/** How many letters may be wrong. */
const FAR = 2

/** A name that nothing reads, and the one that it looks like. */
export interface Misspelt {
  readonly name: string
  readonly meant: string
}

/** Names that nothing reads and that look like one that is read: `GITHUB_TOKE`, which looks like `GITHUB_TOKEN`. */
export function misspelt(environment: Readonly<Record<string, string>>): Misspelt[] {
  const known = knownNames()
  return Object.keys(environment)
    .filter((name) => OURS.test(name) && !OTHERS.test(name) && !known.includes(name))
    .sort()
    .flatMap((name) => {
      const [nearest] = known
        .map((meant) => ({ meant, far: distance(name, meant) }))
        .sort((one, other) => one.far - other.far)
      return nearest && nearest.far <= FAR ? [{ name, meant: nearest.meant }] : []
    })
}
