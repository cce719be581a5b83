/** Timeouts for registries, in whole seconds. No request runs forever. */
export interface RegistryLimits {
  /** The longest time in which nothing is transferred. Registries are silent while they store what was pushed. */
  silence: number
  /** To read a manifest or set a tag, retries included. */
  request: number
  /** To push or pull an image, or to copy it between repositories, retries included. */
  transfer: number
  /** To ask what a tag points to after setting it failed. */
  settle: number
}

/** Generous: six hours are enough for two gigabytes at one megabit per second. */
export const REGISTRY_LIMITS: RegistryLimits = { silence: 180, request: 600, transfer: 6 * 3600, settle: 30 }
