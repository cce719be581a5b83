import { lstatSync, type Stats } from "node:fs"
import { join } from "node:path"
import type { CleaningPlan } from "../container/cleaning-plan.js"
import { namesIn, removeAll, type Removed } from "./job-folders.js"

/** This program's folders, and those of the runner's .NET. */
const OWN = /^(?:runner-images-|\.dotnet$)/

/** Removes what the job put into temporary folders: entries of this user that were not there before it. Sockets and pipes are those of processes. */
export async function removeTemporaryFiles({
  temporary,
  keep,
  started,
}: Pick<CleaningPlan, "temporary" | "keep" | "started">): Promise<Removed> {
  const start = lstatSync(started, { throwIfNoEntry: false })
  if (!start) return { removed: 0, kept: [] }
  const uid = process.getuid?.()
  const paths = temporary.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => !OWN.test(name))
      .map((name) => join(folder, name))
      .filter((path) => {
        const stats = lstatSync(path, { throwIfNoEntry: false })
        if (!stats || stats.uid !== uid || keep.some((own) => path.startsWith(own))) return false
        return (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) && bornAt(stats) >= bornAt(start)
      }),
  )
  return await removeAll(paths)
}

/** Some file systems do not know it: then when it was changed last. */
function bornAt({ birthtimeMs, ctimeMs }: Stats): number {
  return birthtimeMs > 0 ? birthtimeMs : ctimeMs
}
