import { ReturnType, type Container } from "@dagger.io/dagger"
import { HELPERS, judge, type CheckContext } from "../../core/checks/check.js"
import { readExecutions, smokeProgram } from "../../core/checks/program.js"
import { execChecks } from "../../core/checks/suite.js"
import type { CheckResult } from "../../core/report/report.js"
import { inspect } from "./inspect.js"
import type { EngineHost } from "../engine/engine-host.js"
import type { Progress } from "../../core/progress/progress.js"
import { scriptsIn } from "../engine/script.js"
import { filesBelow } from "../engine/uploads.js"

const PROGRAM = "/run/smoke.sh"

/** All checks of one platform's image: first its files, natively, then its behaviour in a container. */
export async function checkImage(
  engineHost: EngineHost,
  image: Container,
  context: CheckContext,
  progress: Progress,
): Promise<CheckResult[]> {
  const files = await progress.run(context.platform, "files", () => inspect(engineHost, image, context))
  const results = await progress.run(context.platform, "smoke tests", () => smokeTest(engineHost, image, context))
  return [...files, ...results]
}

/** Runs the checks in the container and judges their results. */
export async function smokeTest(
  uploading: Pick<EngineHost, "uploads">,
  image: Container,
  context: CheckContext,
): Promise<CheckResult[]> {
  const executions = readExecutions(await executed(uploading, image, context).stdout())
  return execChecks(context).map((check, index) => judge(check, executions.get(index)))
}

/** The container after its checks have run in it, all in one start, as the image's own user. */
export function executed({ uploads }: Pick<EngineHost, "uploads">, image: Container, context: CheckContext): Container {
  const files = { ...filesBelow(HELPERS, scriptsIn("checks")), [PROGRAM]: smokeProgram(execChecks(context)) }
  return image.withDirectory("/", uploads.directory(files)).withExec(["bash", PROGRAM], { expect: ReturnType.Any })
}
