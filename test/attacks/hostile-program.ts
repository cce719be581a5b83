import { execa } from "execa"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type PlatformName, spelling } from "../../dagger/src/core/platforms.js"

const SOURCE = fileURLToPath(new URL("hostile-job", import.meta.url))

async function ensureGo(): Promise<void> {
  if ((await execa("go", ["version"], { reject: false })).exitCode === 0) return
  const env = { DEBIAN_FRONTEND: "noninteractive" }
  await execa("apt-get", ["update", "-qq"], { env })
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "golang-go"], { env })
}

/** The hostile job's program, compiled for a platform into a folder: nothing of the image is needed to run it. @returns its path */
export async function hostileProgram(platform: PlatformName, folder: string): Promise<string> {
  await ensureGo()
  const { arch } = spelling(platform)
  const path = join(folder, `hostile-${arch}`)
  const env = { CGO_ENABLED: "0", GOOS: "linux", GOARCH: arch, GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" }
  await execa("go", ["build", "-trimpath", "-o", path, "."], { cwd: SOURCE, env })
  return path
}
