import { readConfiguration, type Configuration } from "../configuration/configuration.js"
import type { Host } from "../configuration/host.js"
import { certificatePaths } from "../container/certificate-paths.js"
import { trust, trustedCertificates } from "../container/certificates.js"
import { useProxy } from "../container/proxy.js"
import { examine } from "../doctor/checks.js"
import { connect, type Connection } from "../doctor/examination/connection.js"
import type { Examination } from "../doctor/examination/examination.js"
import { githubFor } from "../doctor/examination/github.js"
import { proxyFor } from "../doctor/examination/proxy.js"
import { settleUser } from "../doctor/examination/runner-user.js"
import type { Environment } from "../environment.js"
import { EXIT_CODES, RuntimeFailure } from "../failure.js"
import type { ImagePaths } from "../image-paths.js"
import { log } from "../log.js"
import { withSystemPath } from "../system-path.js"
import { findingsTable } from "./findings-table.js"

export interface DoctorOptions {
  readonly json: boolean
  readonly paths: Pick<ImagePaths, "home" | "root">
}

/** The API's address by default. */
const GITHUB_API = "https://api.github.com"

/** Variables that say otherwise, also in a configuration that is not valid. */
const TELLS_SERVER = /^(?:GITHUB_HOST|GITHUB_API_HOST|GITHUB_URL|REPO_URL|RUNNER_\w+_URL)$/

/**
 * Checks everything that a runner needs, without registering one.
 *
 * @returns what to print to stdout, and the exit code: 0 without problems, else that of the first problem
 */
export async function doctor(
  given: Environment,
  host: Host,
  { json, paths: { home, root } }: DoctorOptions,
): Promise<{ output: string; exitCode: number }> {
  const { secrets, ...read } = readOrExplain(given, host)
  const { configuration, environment } = read
  if (configuration) {
    useProxy(environment)
    trustGiven(configuration, environment, root)
  }
  const api = once(() => reachApi(read))
  const findings = await examine({
    ...read,
    // An administrator may run this as root.
    environment: withSystemPath(environment),
    image: host.image,
    root,
    home,
    user: once(() => settleUser(configuration, { environment, home, uid: host.uid })),
    api,
    github: once(async () => {
      const reached = await api()
      return configuration && reached && "answer" in reached
        ? githubFor(configuration, host.image.version, log)
        : undefined
    }),
  })
  const [first] = findings.filter(({ status }) => status === "problem")
  const exitCode = first ? EXIT_CODES[first.code ?? "UNCLASSIFIED"] : 0
  const output = json ? `${JSON.stringify({ exitCode, findings }, null, 2)}\n` : findingsTable(findings)
  return { output: withoutSecrets(output, secrets), exitCode }
}

type ReadConfiguration = Pick<Examination, "configuration" | "failure" | "warnings" | "environment">

function readOrExplain(environment: Environment, host: Host): ReadConfiguration & { secrets: readonly string[] } {
  try {
    const { configuration, warnings, secrets, jobEnvironment } = readConfiguration(environment, host)
    for (const secret of secrets) log.hide(secret)
    // With it comes what ENV_FILE has of proxies and the tool cache.
    return { configuration, warnings, secrets, environment: { ...environment, ...jobEnvironment } }
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return { failure: error, warnings: [], secrets: [], environment }
  }
}

async function reachApi({
  configuration,
  environment,
}: Pick<Examination, "configuration" | "environment">): Promise<Connection | undefined> {
  const serverNamed = Object.entries(environment).some(([name, value]) => TELLS_SERVER.test(name) && value !== "")
  const api = configuration?.api ?? (serverNamed ? undefined : GITHUB_API)
  if (api === undefined) return undefined
  const url = new URL(`${api}/`)
  try {
    return await connect(url, { proxy: proxyFor(url, environment) })
  } catch (error) {
    return { url, failed: "proxy", reason: error instanceof Error ? error.message : String(error) }
  }
}

/** As a runner would. A check reports what cannot be read. */
function trustGiven(configuration: Configuration, environment: Environment, root: string): void {
  try {
    trust(trustedCertificates(certificatePaths(configuration, environment), root).certificates)
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** No finding has a secret in it; should one ever get there, it ends here. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== "").reduce((left, secret) => left.replaceAll(secret, "***"), text)
}
