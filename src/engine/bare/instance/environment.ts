import { proxyVariables } from "../host/host.js"
import { MARKER } from "../host/process.js"
import type { InstanceFolder } from "../state/state-folder.js"

const TRUST = ["SSL_CERT_FILE", "SSL_CERT_DIR"]

/**
 * The environment of an instance's processes: from the caller only the proxy and certificate variables, the instance's folders
 * in place of /tmp and the home folder, and the marker.
 */
export function childEnvironment(folder: InstanceFolder, marker: string): Record<string, string> {
  const trust = TRUST.flatMap((name) => {
    const value = process.env[name]
    return value === undefined || value === "" ? [] : [[name, value]]
  })
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "C.UTF-8",
    HOME: folder.home,
    TMPDIR: folder.temporary,
    DO_NOT_TRACK: "1",
    ...proxyVariables(process.env),
    ...(Object.fromEntries(trust) as Record<string, string>),
    [MARKER]: marker,
  }
}
