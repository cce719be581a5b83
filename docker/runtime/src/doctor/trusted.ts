import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { rootCertificates } from "node:tls"
import type { Configuration } from "../configuration/configuration.js"

/**
 * The certificates that are trusted if some were given, in PEM: Node's own and those of EXTRA_CA_CERTS and
 * NODE_EXTRA_CA_CERTS. Undefined, for Node's default, if none were.
 */
export async function trusted(
  environment: Readonly<Record<string, string>>,
  configuration: Configuration | undefined,
): Promise<string[] | undefined> {
  const { NODE_EXTRA_CA_CERTS } = environment
  const paths = [...(configuration?.caCertificates ?? []), ...(NODE_EXTRA_CA_CERTS ? [NODE_EXTRA_CA_CERTS] : [])]
  const given = await Promise.all(paths.map((path) => certificates(path)))
  return given.flat().length === 0 ? undefined : [...rootCertificates, ...given.flat()]
}

/** Of a file, or of the files in a folder. What cannot be read is for the check of the configuration to tell. */
async function certificates(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [await readFile(path, "utf8")]
    const names = (await readdir(path)).filter((name) => /\.(?:crt|pem|cer)$/.test(name))
    return await Promise.all(names.map((name) => readFile(join(path, name), "utf8")))
  } catch {
    return []
  }
}
