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
 * The labels of the runner. `self-hosted`, `linux` and the architecture describe the machine; then the variant; then the user's own labels, or if
 * there are none, the variant's capabilities.
 *
 * @param usual additional labels of a runner whose user set none
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
    if (!found) settings.wrong("NO_DEFAULT_LABELS", "leaves the runner without any label", "Set RUNNER_LABELS as well.")
    return { labels: distinct(own), alone }
  }
  const machine = ["self-hosted", "linux", image.architectureLabel]
  const variant = [image.variant]
  const rest = found ? own : [...usual, ...(CAPABILITIES[image.variant] ?? [])]
  return { labels: distinct([...machine, ...variant, ...rest]), alone }
}

/** The default labels of the runners of all images of this project. */
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
  if (long !== undefined)
    settings.wrong(name, `has a label of ${long.length} characters`, `GitHub's limit is ${LONGEST}.`)
  return labels.filter((label) => {
    const foreign = image.foreignArchitectureLabels.some((other) => other.toLowerCase() === label.toLowerCase())
    if (foreign) settings.warn(`${name}: label ${label} is ignored because this machine is ${image.architectureLabel}`)
    return !foreign && label !== ""
  })
}

/** GitHub's labels are case-insensitive; the first spelling is kept. */
function distinct(labels: readonly string[]): string[] {
  return labels.filter(
    (label, place) => labels.findIndex((other) => other.toLowerCase() === label.toLowerCase()) === place,
  )
}
