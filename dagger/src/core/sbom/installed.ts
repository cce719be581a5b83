import { installedPackages } from "../packages/dpkg-status.js"
import type { InstalledSoftware } from "../report/report.js"

/**
 * What dpkg and npm installed in an image.
 *
 * @param status dpkg's status file
 */
export function installedSoftware(status: string, npm: InstalledSoftware["npm"]): InstalledSoftware {
  const packages = installedPackages(status).map(({ name, version, architecture, source, sourceVersion }) => {
    return { name, version, architecture, source: { name: source, version: sourceVersion } }
  })
  // dpkg's file has the order of installation, and several architectures of a package stand side by side.
  const key = ({ name, architecture }: (typeof packages)[number]) => `${name} ${architecture}`
  return { packages: packages.sort((a, b) => (key(a) < key(b) ? -1 : 1)), npm }
}
