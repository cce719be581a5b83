import { AsyncLocalStorage } from "node:async_hooks"
import type { BaseName } from "../../core/variants/bases.js"

/** The digest of an image's index by the base's name. */
export type BaseDigests = Readonly<Partial<Record<string, string>>>

const digests = new AsyncLocalStorage<BaseDigests>()

/** Runs work in which every build starts from these digests, whatever a tag points to in the engine's registries. */
export function withBaseDigests<T>(recorded: BaseDigests, work: () => T): T {
  return digests.run(recorded, work)
}

/** The digest that a base must have, or undefined if none was recorded: then its tag decides. */
export function recordedDigest(base: BaseName): string | undefined {
  return digests.getStore()?.[base]
}
