/** How long a registry is waited for, in whole seconds. No request goes on for ever. */
export interface RegistryLimits {
  /** In which less than 4 KiB pass in both directions. Registries are silent while they store what they were given. */
  silence: number
  /** To read a manifest or set a tag, retries included. */
  request: number
  /** To push or pull an image, or to copy it between repositories, retries included. */
  transfer: number
  /** To ask what a tag names after setting it failed. */
  settle: number
}

/** Generous: two gigabytes pass within six hours at a megabit a second. */
export const REGISTRY_LIMITS: RegistryLimits = { silence: 180, request: 600, transfer: 6 * 3600, settle: 30 }
