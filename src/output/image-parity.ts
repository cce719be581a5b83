import type { VariantParity } from "../../dagger/src/core/parity/image-parity.js"
import { differenceText, paritySummary } from "../../dagger/src/core/render/image-parity.js"

/** For people: what was compared, then every difference; explained ones with their reasons. */
export function imageParityText({ variant, parity }: VariantParity): string {
  return [
    `${variant} ${parity.platforms.join(" and ")}: ${paritySummary(parity)}`,
    ...parity.differences.map(differenceText),
    ...parity.explained.map((difference) => `explained: ${differenceText(difference)} (${difference.reason})`),
    ...parity.unused.map(({ area, name, aspect }) => `unused suppression: ${[area, name, aspect].join(" ").trim()}`),
  ].join("\n")
}
