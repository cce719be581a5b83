import type { ImageFacts } from "../image-facts.js"
import type { Settings } from "./settings.js"

/** GitHub's limit. */
const LONGEST = 256

/** What each variant can do, as others label it; a runner with no labels of its own has these. */
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  standard: ["docker"],
  chrome: ["docker", "chrome", "ui-tests", "playwright", "cypress"],
  "chrome-go": ["docker", "chrome", "ui-tests", "playwright", "cypress", "go"],
}

/**
 * The labels of the runner. `self-hosted`, `linux` and the architecture are what the machine is; then the variant; then the user's own, or where
 * there are none what the variant can do.
 *
 * @param usual what further label a runner has whose user gave none
 */
export function readLabels(
  settings: Settings,
  image: ImageFacts,
  usual: readonly string[],
): { labels: string[]; alone: boolean } {
  const found = settings.find("RUNNER_LABELS")
  const alone = settings.anything("NO_DEFAULT_LABELS")
  const own = found ? parseLabels(settings, found.name, found.value, image) : []
  if (alone) {
    if (!found)
      settings.wrong("NO_DEFAULT_LABELS", "leaves the runner without any label", "Give RUNNER_LABELS as well.")
    return { labels: distinct(own), alone }
  }
  const machine = ["self-hosted", "linux", image.architectureLabel]
  const variant = [image.variant]
  const rest = found ? own : [...usual, ...(CAPABILITIES[image.variant] ?? [])]
  return { labels: distinct([...machine, ...variant, ...rest]), alone }
}

/** The labels that runners of any image of this project have when nobody gives them others. */
export function everyLabel({ architectureLabel, foreignArchitectureLabels }: ImageFacts): string[] {
  const machines = ["self-hosted", "linux", architectureLabel, ...foreignArchitectureLabels]
  return distinct([
    ...machines,
    ...Object.entries(CAPABILITIES).flatMap(([variant, labels]) => [variant, ...labels]),
    "default",
  ])
}

function parseLabels(settings: Settings, name: string, text: string, image: ImageFacts): string[] {
  const labels = text.split(",").map((label) => label.trim())
  if (labels.includes(""))
    settings.wrong(name, `is "${text}", which has an empty label`, "Put one comma between labels, and none at the end.")
  const long = labels.find((label) => label.length > LONGEST)
  if (long !== undefined) settings.wrong(name, `has a label of ${long.length} characters`, `GitHub takes ${LONGEST}.`)
  return labels.filter((label) => {
    const foreign = image.foreignArchitectureLabels.some((other) => other.toLowerCase() === label.toLowerCase())
    if (foreign) settings.warn(`${name}: label ${label} is left out, this machine is ${image.architectureLabel}`)
    return !foreign && label !== ""
  })
}

/** GitHub's labels know no difference of case; the first spelling stays. */
function distinct(labels: readonly string[]): string[] {
  return labels.filter(
    (label, place) => labels.findIndex((other) => other.toLowerCase() === label.toLowerCase()) === place,
  )
}
