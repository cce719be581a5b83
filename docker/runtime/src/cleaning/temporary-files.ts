import type { TemporaryFolder } from "../container/cleaning-plan.js"
import { entry, namesIn } from "../files/names.js"

/** Of the runner's .NET, which makes it when it needs it. */
const DOTNET = ".dotnet"

/**
 * What jobs put into a folder for temporary files, which is the working directory: this user's entries that were not there before all jobs.
 * Sockets and pipes are those of processes.
 */
export function temporaryFiles({ earlier, own }: TemporaryFolder): string[] {
  const known = new Set([...earlier, DOTNET])
  const uid = process.getuid?.()
  return namesIn(".").filter((name) => {
    if (known.has(name) || own.some((each) => name === each || name.startsWith(`${each}.`))) return false
    const stats = entry(name)
    return stats?.uid === uid && (stats?.isFile() || stats?.isDirectory() || stats?.isSymbolicLink()) === true
  })
}
