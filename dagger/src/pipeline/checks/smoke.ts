import { dag, ReturnType, type Container } from "@dagger.io/dagger"
import { HELPERS, judge, type CheckContext } from "../../core/checks/check.js"
import { readExecutions, smokeProgram } from "../../core/checks/program.js"
import { execChecks } from "../../core/checks/suite.js"
import type { CheckResult } from "../../core/report/report.js"
import { inspect } from "./inspect.js"
import type { EngineHost } from "../engine/engine-host.js"
import type { Progress } from "../../core/progress/progress.js"
import { scripts } from "../engine/script.js"

const PROGRAM = "/run/smoke.sh"

/** All checks of one platform's image: first its files, natively, then its behaviour in a container. */
export async function checkImage(
  engineHost: EngineHost,
  image: Container,
  context: CheckContext,
  progress: Progress,
): Promise<CheckResult[]> {
  const files = await progress.run(context.platform, "files", () => inspect(engineHost, image, context))
  const results = await progress.run(context.platform, "smoke tests", () => smokeTest(image, context))
  return [...files, ...results]
}

/** Runs the checks in the container and judges their results. */
export async function smokeTest(image: Container, context: CheckContext): Promise<CheckResult[]> {
  const executions = readExecutions(await executed(image, context).stdout())
  return execChecks(context).map((check, index) => judge(check, executions.get(index)))
}

/** The container after its checks have run in it, all in one start, as the image's own user. */
export function executed(image: Container, context: CheckContext): Container {
  const helpers = Object.entries(scripts("checks")).reduce(
    (folder, [name, text]) => folder.withNewFile(name, text),
    dag.directory(),
  )
  return image
    .withDirectory(HELPERS, helpers)
    .withNewFile(PROGRAM, smokeProgram(execChecks(context)))
    .withExec(["bash", PROGRAM], { expect: ReturnType.Any })
}
