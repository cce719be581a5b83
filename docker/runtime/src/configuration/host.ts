import type { ImageFacts } from "../image-facts.js"

/** What a configuration is read with. */
export interface Host {
  hostname: string
  uid: number
  image: ImageFacts
  /** Throws when the file cannot be read. */
  readFile(path: string): string
  exists(path: string): boolean
  /** Some letters and digits that no other container has, the same at each start of this one. */
  identity(): string
}
