import type { ImageFacts } from "../image-facts.js"
import { runnerText } from "../runner-text.js"
import { aligned } from "./aligned.js"

/** What `--version` prints: the image, its runner, and its tools by name, as text or with `--json` as JSON. */
export function version(image: ImageFacts, { json }: { json: boolean }): string {
  const { variant, version, platform, base, runner } = image
  const tools = Object.entries(image.tools).sort(([left], [right]) => (left < right ? -1 : 1))
  if (json)
    return `${JSON.stringify({ variant, version, platform, base, runner, tools: Object.fromEntries(tools) }, null, 2)}\n`
  const rows = [
    ["runner", runnerText(runner)],
    ["variant", variant],
    ["platform", platform],
    ["image", version],
    ["base", base],
    ...tools,
  ]
  return `${aligned(rows).join("\n")}\n`
}
