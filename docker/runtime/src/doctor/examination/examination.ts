import type { Configuration } from "../../configuration/configuration.js"
import type { RuntimeFailure } from "../../failure.js"
import type { ImageFacts } from "../../image-facts.js"
import type { Connection } from "./connection.js"
import type { GitHub } from "./github.js"
import type { SettledUser } from "./runner-user.js"

/** What the checks look at. */
export interface Examination {
  /** Absent if it is not valid; `failure` then says why. */
  configuration?: Configuration
  failure?: RuntimeFailure
  warnings: readonly string[]
  environment: Readonly<Record<string, string>>
  image: ImageFacts
  /** Where the system's files are: `/`, but for tests. */
  root: string
  /** The image's folder for the runner. */
  home: string
  /** Makes this process the runner's user. Only what a runner does itself is examined after that. */
  user: () => SettledUser
  /** Connects to the API once, for all checks that need it; undefined if its address is not known. */
  api: () => Promise<Connection | undefined>
  /** The API, with credentials; undefined without them, or if it cannot be reached. */
  github: () => Promise<GitHub | undefined>
}

/** Whether browsers are what this image is for. */
export const hasBrowser = ({ image }: Examination): boolean => image.variant.startsWith("chrome")
