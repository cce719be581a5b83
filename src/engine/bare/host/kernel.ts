import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { attempt } from "../../../host/exec.js"
import { missingFilesystems } from "./host.js"

/** The error for file systems that the kernel lacks. */
export function withoutFilesystems(missing: readonly string[]): RunnerImagesError {
  return new RunnerImagesError(
    "ENGINE_HOST",
    `The kernel does not support ${missing.join(" or ")}.`,
    `Run: modprobe ${missing[0] ?? ""} — or boot the distribution's own kernel, which has it.`,
  )
}

/**
 * Creates the namespaces that the engine needs, which end at once.
 *
 * @throws RunnerImagesError ENGINE_HOST
 */
export async function checkNamespaces(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const words = ["--net", "--mount", "--pid", "--fork", "true"]
  const { exitCode, stderr } = await attempt("unshare", words, { env, cleanEnv: true, timeout: 5000 })
  if (exitCode !== 0)
    throw new RunnerImagesError(
      "ENGINE_HOST",
      `The kernel refuses to create network, mount and process namespaces: ${stderr.trim()}.`,
      "In a container, run it with --privileged; elsewhere boot the distribution's own kernel.",
    )
}

/**
 * Proves that the kernel provides what the engine needs, by trying it in namespaces that end at once.
 *
 * @param root the state folder: overlay mounts are on its file system
 * @throws RunnerImagesError ENGINE_HOST
 */
export async function checkKernel(root: string): Promise<void> {
  for (const module of missingFilesystems(readFileSync("/proc/filesystems", "utf8")))
    await attempt("modprobe", [module])
  const missing = missingFilesystems(readFileSync("/proc/filesystems", "utf8"))
  if (missing.length > 0) throw withoutFilesystems(missing)
  await checkNamespaces()
  const trial = join(root, `overlay-trial-${process.pid}`)
  try {
    for (const folder of ["lower", "upper", "work", "merged"]) mkdirSync(join(trial, folder), { recursive: true })
    const mount = "mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged"
    const overlay = await attempt("unshare", ["--mount", "sh", "-c", mount], { cwd: trial })
    if (overlay.exitCode !== 0)
      throw new RunnerImagesError(
        "ENGINE_HOST",
        `The file system of ${root} does not support overlay mounts: ${overlay.stderr.trim()}.`,
        "Set XDG_CACHE_HOME to a folder on ext4, xfs or btrfs: not on another overlay, and not on the network.",
      )
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}
