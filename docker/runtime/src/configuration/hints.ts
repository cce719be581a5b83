import { distance } from "fastest-levenshtein"
import { knownNames } from "./settings.js"

/** Only names that begin like this program's own are looked at: an environment is full of others' variables. */
const OURS =
  /^(ACCESS_|ACTIONS_RUNNER_|APP_|CONFIGURED_|DISABLE_|ENTERPRISE|EPHEMERAL|EXTRA_CA|GITHUB_|JIT|LABEL|METRIC|NO_DEFAULT|ORG|RANDOM_|REPO|RUNNER_|RUN_AS|START_DOCKER|UNSET_)/

/** Known to the runner, to GitHub's jobs or to programs in the image, though not to this program. */
const OTHERS =
  /^(ACTIONS_RUNNER_|GITHUB_ACTIONS|GITHUB_WORKSPACE|RUNNER_(ALLOW_RUNASROOT|MANUALLY_TRAP_SIG|TEMP|OS|ARCH|VERSION|IMAGES_))/

/** How many letters may be wrong. */
const FAR = 2

/** Names that nothing reads and that look like one that is read: `GITHUB_TOKE is not known; did you mean GITHUB_TOKEN?` */
export function hints(environment: Readonly<Record<string, string>>): string[] {
  const known = knownNames()
  return Object.keys(environment)
    .filter((name) => OURS.test(name) && !OTHERS.test(name) && !known.includes(name))
    .sort()
    .flatMap((name) => {
      const [nearest] = known
        .map((candidate) => ({ candidate, far: distance(name, candidate) }))
        .sort((one, other) => one.far - other.far)
      return nearest && nearest.far <= FAR
        ? [`${name} is not known, and has no effect; did you mean ${nearest.candidate}?`]
        : []
    })
}
