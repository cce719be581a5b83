import { execa } from "execa"

/**
 * Tools that we did not write: they read OCI layouts and registries, and run containers. All are packages of Debian and Ubuntu, called as
 * their programs.
 */
const TOOLS = ["skopeo", "umoci", "runc"]

/** Packages whose program has another name. */
const PROGRAMS = { attr: "getfattr" } as const

/**
 * Installs what is missing, where that can be done; a test that needs a tool cannot do without.
 *
 * @param more packages that the caller needs as well
 */
export async function ensureOciTools(...more: (keyof typeof PROGRAMS)[]): Promise<void> {
  const wanted = [...TOOLS, ...more]
  const found = await Promise.all(
    wanted.map(async (tool) => {
      const program = tool in PROGRAMS ? PROGRAMS[tool as keyof typeof PROGRAMS] : tool
      return (await execa(program, ["--version"], { reject: false })).exitCode === 0
    }),
  )
  const missing = wanted.filter((_, index) => !found[index])
  if (missing.length === 0) return
  const env = { DEBIAN_FRONTEND: "noninteractive" }
  await execa("apt-get", ["update", "-qq"], { env })
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env })
}
