import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { hasBrowser, type Examination } from "../examination/examination.js"
import type { Finding } from "../examination/finding.js"

/**
 * Whether this user may create user namespaces, which a browser's sandbox needs: tried out, since the kernel, its
 * security modules and the container's seccomp profile can each forbid it.
 */
export async function checkUserNamespaces(examination: Examination): Promise<Finding> {
  const check = "user namespaces"
  const { PATH = "" } = examination.environment
  const failure = await promisify(execFile)("unshare", ["--user", "true"], { env: { PATH } }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failure === undefined) return { check, status: "ok", text: "can be created: a browser can use its sandbox" }
  if (failure instanceof Error && "code" in failure && failure.code === "ENOENT")
    return { check, status: "skipped", text: "there is no unshare command to try it with" }
  const text = "cannot be created here: a browser has no sandbox"
  if (!hasBrowser(examination)) return { check, status: "ok", text }
  return {
    check,
    status: "warning",
    text,
    remedy: "start browsers with --no-sandbox, or the container with a seccomp profile that allows user namespaces",
  }
}
