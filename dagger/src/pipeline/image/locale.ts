import type { EngineHost } from "../engine/engine-host.js"
import type { Root } from "./image.js"

/** The locale that scripts name most often, besides C.UTF-8, which every base has. */
const NAME = "en_US"

const FOLDER = `/usr/lib/locale/${NAME}.utf8`

/**
 * Adds the locale, as one layer. It is compiled natively: its files depend on glibc's version and the order of bytes, which all platforms
 * share, and the distribution's package brings the sources of all locales, five times as much.
 */
export function withLocale({ toolbox }: EngineHost, root: Root): Root {
  const compile = `mkdir -p "$(dirname "/laid-out$1")" && localedef --no-archive --inputfile="$0" --charmap=UTF-8 "/laid-out$1"`
  const laidOut = toolbox.withExec(["sh", "-ec", compile, NAME, FOLDER]).directory("/laid-out")
  return { container: root.container.withDirectory("/", laidOut), layers: [...root.layers, "locale"] }
}
