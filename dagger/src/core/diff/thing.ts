import { archNeutral } from "../parity/arch-neutral.js"
import { PLATFORMS } from "../platforms.js"
import type { DiffArea } from "./schema.js"

/** A property of a {@link Thing}. */
export interface Aspect {
  value: string
  /** What decides whether it changed, if that is not the value. */
  same?: string
  /** Of a checksum: what it changes with. It is reported only if that did not change, and compared only if both builds have one. */
  changesWith?: readonly string[]
}

/** Something that a build has. */
export interface Thing {
  area: DiffArea
  /** Unique in its area. */
  name: string
  /** Its value in the list of what was added and removed. */
  shown: string
  /** By name; "" for what has only one. */
  aspects: Readonly<Record<string, Aspect>>
  /** The unpacked size of a layer. */
  bytes?: number
}

/** Things with one value each. Undefined if there is none. */
export function values(area: DiffArea, of: Readonly<Record<string, string | undefined>>): Thing[] {
  return Object.entries(of).flatMap(([name, value]) =>
    value === undefined ? [] : [{ area, name, shown: value, aspects: { "": { value } } }],
  )
}

/** Without those that are undefined. A text is the value. */
export function aspects(of: Readonly<Record<string, string | Aspect | undefined>>): Record<string, Aspect> {
  return Object.fromEntries(
    Object.entries(of).flatMap(([name, aspect]) =>
      aspect === undefined ? [] : [[name, typeof aspect === "string" ? { value: aspect } : aspect]],
    ),
  )
}

/** Text without a platform's own spellings. */
export function withoutSpelling(text: string, platform: string): string {
  const known = PLATFORMS.find((name) => name === platform)
  return known === undefined ? text : archNeutral(text, known)
}
