import { ReturnType, type Container } from "@dagger.io/dagger"
import { HELPERS, judge, type CheckContext } from "../core/checks/check.js"
import { readExecutions, smokeProgram } from "../core/checks/program.js"
import { execChecks } from "../core/checks/suite.js"
import type { CheckResult } from "../core/report.js"
import { inspect } from "./inspect.js"
import type { Native } from "./native.js"
import type { Progress } from "./progress.js"
import { scripts } from "./script.js"

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
  const helpers = Object.entries(scripts("checks"))
  const output = await helpers
    .reduce(
      (container, [name, text]) => container.withNewFile(`${HELPERS}/${name}`, text),
      image.withNewFile(PROGRAM, smokeProgram(checks)),
    )
    .withExec(["bash", PROGRAM], { expect: ReturnType.Any })
    .stdout()
  const executions = readExecutions(output)
  return checks.map((check, index) => judge(check, executions.get(index)))
}
