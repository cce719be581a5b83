import { AsyncLocalStorage } from "node:async_hooks"
import type { BaseName } from "../../core/variants/bases.js"

/** The digest of an image's index by the base's name. */
export type BaseDigests = Readonly<Partial<Record<string, string>>>

const digests = new AsyncLocalStorage<BaseDigests>()

/** Does work in which every build starts from these digests, whatever the engine's registries say of a tag. */
export function withBaseDigests<T>(recorded: BaseDigests, work: () => T): T {
  return digests.run(recorded, work)
}

/** The digest that a base has to have, or undefined when nobody recorded one: then its tag says. */
export function recordedDigest(base: BaseName): string | undefined {
  return digests.getStore()?.[base]
}
