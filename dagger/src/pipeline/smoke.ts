import { ReturnType, type Container } from "@dagger.io/dagger"
import {
  execChecks,
  judge,
  readExecutions,
  rootfsScanSchema,
  smokeProgram,
  staticChecks,
  type CheckContext,
  type ImageConfig,
  type RootfsScan,
} from "../core/checks.js"
import type { CheckResult } from "../core/report.js"
import { ENTRYPOINT } from "./image.js"
import type { Native } from "./native.js"
import type { Progress } from "./progress.js"
import { script } from "./script.js"

const PROGRAM = "/run/smoke.sh"

/** Everything that is checked of one platform's image: first its files, natively, then what it does when it runs. */
export async function checkImage(
  native: Native,
  image: Container,
  context: CheckContext,
  progress: Progress,
): Promise<CheckResult[]> {
  const files = await progress.run(context.platform, "files", () => inspect(native, image, context))
  const executed = await progress.run(context.platform, "smoke tests", () => smokeTest(image, context))
  return [...files, ...executed]
}

/** Runs the checks in the container, all in one start, as the image's own user. */
async function smokeTest(image: Container, context: CheckContext): Promise<CheckResult[]> {
  const checks = execChecks(context)
  const output = await image
    .withNewFile(PROGRAM, smokeProgram(checks))
    .withExec(["bash", PROGRAM], { expect: ReturnType.Any })
    .stdout()
  const executions = readExecutions(output)
  return checks.map((check, index) => judge(check, executions.get(index)))
}

/** Looks at every file of the image from a native container. */
export async function scanRootfs(native: Native, image: Container): Promise<RootfsScan> {
  const output = await native.toolbox
    .withMountedDirectory("/target", image.rootfs())
    .withNewFile("/scan.mjs", script("scan-rootfs.mjs"))
    .withExec(["node", "/scan.mjs", "/target"])
    .stdout()
  return rootfsScanSchema.parse(JSON.parse(output))
}

/** Checks the image's files and configuration without executing anything of it. */
async function inspect(native: Native, image: Container, context: CheckContext): Promise<CheckResult[]> {
  const [scan, config] = await Promise.all([scanRootfs(native, image), configOf(image)])
  return staticChecks(context, scan, config, ENTRYPOINT)
}

async function configOf(image: Container): Promise<ImageConfig> {
  const [user, workdir, entrypoint, variables] = await Promise.all([
    image.user(),
    image.workdir(),
    image.entrypoint(),
    image.envVariables(),
  ])
  const environment = await Promise.all(
    variables.map(async (variable): Promise<[string, string]> => [await variable.name(), await variable.value()]),
  )
  return { user, workdir, entrypoint, environment: Object.fromEntries(environment) }
}
