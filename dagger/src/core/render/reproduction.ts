import type { DocumentDifference, FileDifference, LayerDifference, Reproduction } from "../reproduce/reproduction.js"

/** For people: whether the image is the same, and if not, which property, layer and file is not. */
export function reproductionText({ variant, original, rebuilt, equal, platforms, index }: Reproduction): string {
  return [
    `${variant}: ${equal ? "reproduced" : "not reproduced"}, ${change(original, rebuilt)}`,
    ...index.map((difference) => `  index ${documentText(difference)}`),
    ...platforms.flatMap((platform) => [
      `  ${platform.platform}: ${change(platform.original, platform.rebuilt)}`,
      ...platform.documents.map((difference) => `    ${documentText(difference)}`),
      ...platform.layers.flatMap(layerLines),
    ]),
  ].join("\n")
}

function change(original: string | undefined, rebuilt: string | undefined): string {
  return original === rebuilt ? (original ?? "") : `${original ?? "nothing"} → ${rebuilt ?? "nothing"}`
}

function documentText({ path, original, rebuilt }: DocumentDifference): string {
  return `${path}: ${change(original, rebuilt)}`
}

function layerLines({ place, name, original, rebuilt, contents }: LayerDifference): string[] {
  const head = `    layer ${String(place)}, ${name}: ${change(original, rebuilt)}`
  if (!contents) return [head]
  const { files, count, otherwise } = contents
  const more = count - files.length
  return [
    head,
    ...(otherwise === undefined ? [] : [`      the files are the same, but not the ${otherwise}`]),
    ...files.flatMap(fileLines),
    ...(more > 0 ? [`      and ${String(more)} more files`] : []),
  ]
}

function fileLines({ path, only, properties = {}, text = [], offset }: FileDifference): string[] {
  if (only !== undefined) return [`      ${path}: only in the ${only} image`]
  const changed = Object.entries(properties).map(
    ([name, [before, after]]) => `${name} ${before ?? "none"} → ${after ?? "none"}`,
  )
  const content = offset === undefined ? [] : [`content differs from byte ${String(offset)}`]
  return [
    `      ${path}: ${[...changed, ...content, ...(text.length > 0 ? ["content"] : [])].join(", ")}`,
    ...text.map((line) => `        ${line}`),
  ]
}
