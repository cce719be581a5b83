import { VULNERABILITIES, vulnerabilitiesOf, type Vulnerability } from "../catalog/vulnerabilities.js"
import type { Tool } from "../report/report.js"
import type { Finding } from "./finding.js"

/**
 * The vulnerabilities of an image's tools that the catalog knows now, and those that it knew when the image was built. The distribution's
 * packages are not looked up here: their versions stay when they are fixed.
 */
export function toolFindings(tools: readonly Tool[], all: readonly Vulnerability[] = VULNERABILITIES): Finding[] {
  return tools.flatMap(({ name, version, source, vulnerabilities = [] }): Finding[] => {
    const known = source.startsWith("deb:") ? [] : vulnerabilitiesOf(name, version, all)
    const ids = [...new Set([...vulnerabilities, ...known.map(({ id }) => id)])].sort()
    return ids.map((id) => {
      const fixed = known.find((one) => one.id === id)?.fixed.join(" and ")
      return {
        ...{ area: "tools", name, version, ids: [id], severity: "unknown" },
        ...(fixed === undefined ? {} : { fixed }),
      }
    })
  })
}
