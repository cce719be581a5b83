import { execa } from "execa"

/**
 * Tools that we did not write: they read OCI layouts and registries, and run containers. All are packages of Debian and Ubuntu, called as
 * their programs.
 */
const TOOLS = ["skopeo", "umoci", "runc"]

/** Installs what is missing, where that can be done; a test that needs a tool cannot do without. */
export async function ensureOciTools(): Promise<void> {
  const found = await Promise.all(
    TOOLS.map(async (tool) => (await execa(tool, ["--version"], { reject: false })).exitCode === 0),
  )
  const missing = TOOLS.filter((_, index) => !found[index])
  if (missing.length === 0) return
  const env = { DEBIAN_FRONTEND: "noninteractive" }
  await execa("apt-get", ["update", "-qq"], { env })
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env })
}
