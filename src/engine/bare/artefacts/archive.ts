import { attempt } from "../../../host/exec.js"
import { osRelease } from "../host/host.js"
import { SUITE } from "../state/version.js"

/** From the package debian-archive-keyring, on the host and in every root. */
export const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
/** The distribution's own mirrors. */
const MAIN = "http://deb.debian.org/debian"
const SECURITY = "http://security.debian.org/debian-security"

export interface ArchiveOptions {
  options: string[]
  /** Lines of sources.list. Each trusts the distribution's own keys alone, whatever else the host's apt trusts. */
  sources: string[]
}

/**
 * mmdebstrap's options and sources for the package archive: the host's own mirrors if the host runs the same distribution, else
 * the distribution's. Both provide main, updates and security.
 */
export async function archiveOptions(
  os: Record<string, string> = osRelease(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<ArchiveOptions> {
  // Only for this run's apt, whose own user may be unable to enter the folders above the root.
  const options = ['--aptopt=APT::Sandbox::User "root"']
  if (os["ID"] !== "debian") return { options, sources: sourcesFor(MAIN, SECURITY, SUITE) }
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
  const targets = await attempt("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], {
    env,
    cleanEnv: true,
  })
  return { options, sources: sourcesFromHost(targets.stdout.split("\n"), os["VERSION_CODENAME"] ?? "", SUITE) }
}

/**
 * The wanted suite's sources, derived from the host's for its own: `URI CODENAME main …` gives the mirror, `URI CODENAME-security …`
 * that of security updates.
 *
 * @param targets `URI RELEASE COMPONENT ORIGIN`, a line for each of the host's indexes
 * @returns those of the distribution's mirrors unless both are known and are fetched over the network
 */
export function sourcesFromHost(targets: readonly string[], codename: string, suite: string): string[] {
  const mirrorOf = (release: string) =>
    targets
      .map((line) => line.split(" "))
      .find(([uri, of, component]) => /^https?:/.test(uri ?? "") && of === release && component === "main")?.[0]
      ?.replace(/\/$/, "")
  const main = mirrorOf(codename)
  const security = mirrorOf(`${codename}-security`)
  if (codename === "" || main === undefined || security === undefined) return sourcesFor(MAIN, SECURITY, suite)
  return sourcesFor(main, security, suite)
}

function sourcesFor(main: string, security: string, suite: string): string[] {
  const signed = `deb [signed-by=${KEYRING}]`
  return [
    `${signed} ${main} ${suite} main`,
    `${signed} ${main} ${suite}-updates main`,
    `${signed} ${security} ${suite}-security main`,
  ]
}
