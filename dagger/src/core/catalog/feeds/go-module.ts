import { z } from "zod"
import { UNKNOWN } from "../schema.js"
import { FINISHED, readAnswer, type Feed } from "./feed.js"

const versionsSchema = z.object({ Versions: z.array(z.string()).default([]) })

/**
 * The versions of a Go module, read with the go command from its configured proxy. They are a repository's tags: it is not known whether the
 * vendor has published files for them.
 */
export function goModuleVersions(path: string): Pick<Feed, "releases"> {
  return {
    async releases(access) {
      const answer = await access.client("go", ["list", "-m", "-versions", "-json", path])
      const { Versions } = readAnswer(versionsSchema, answer, `go list -m ${path}`)
      // A repository without go.mod has no major version in its path, and says so in its versions.
      const versions = Versions.map((version) => version.replace(/^v/, "").replace(/\+incompatible$/, ""))
      return versions
        .filter((version) => FINISHED.test(version))
        .map((version) => ({ version, released: UNKNOWN, files: {} }))
    },
  }
}
