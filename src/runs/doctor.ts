import { EXIT, ERRORS, RunnerImagesError } from "../../dagger/src/core/errors.js"
import { requireNewFile, writeBugReport } from "../doctor/bug-report/bug-report.js"
import { redacted } from "../doctor/bug-report/redact.js"
import { knownSecrets } from "../doctor/bug-report/secrets.js"
import { examine } from "../doctor/checks.js"
import { Examination, type World } from "../doctor/examination/examination.js"
import type { Finding } from "../doctor/examination/finding.js"
import type { CommandContext } from "../input/context.js"
import { findingsText } from "../output/findings.js"

export interface DoctorRun {
  json: boolean
  /** The file that a report for the maintainers is written to. */
  bugReport: string | undefined
}

/**
 * Examines this host and prints what it finds, then fails with the code of the first problem.
 *
 * @throws RunnerImagesError OUTPUT_UNWRITABLE when the report cannot be written
 */
export async function runDoctor(context: CommandContext, world: World, run: DoctorRun): Promise<void> {
  if (run.bugReport !== undefined) requireNewFile(run.bugReport)
  const secrets = knownSecrets(world.env)
  const clean = (text: string): string => redacted(text, secrets)
  const findings = (await examine(new Examination(world))).map(({ remedy, text, ...finding }) => ({
    ...finding,
    text: clean(text),
    ...(remedy === undefined ? {} : { remedy: clean(remedy) }),
  }))
  const [first] = findings.filter(({ status }) => status === "problem")
  const exitCode = first ? ERRORS[codeOf(first)].exit : EXIT.ok
  if (run.bugReport !== undefined) {
    await writeBugReport(run.bugReport, world, findings)
    context.terminal.note(
      `${run.bugReport} has the findings, versions and the last logs, without the secrets that are known or look like such: read it before you send it`,
    )
  }
  context.terminal.close()
  context.answer(run.json ? JSON.stringify({ exitCode, findings }, null, 2) : findingsText(findings))
  if (first) throw failed(first, findings)
}

function codeOf({ code }: Finding): keyof typeof ERRORS {
  return code ?? "HOST_UNFIT"
}

function failed(first: Finding, findings: readonly Finding[]): RunnerImagesError {
  const count = findings.filter(({ status }) => status === "problem").length
  const [line = ""] = first.text.split("\n")
  return new RunnerImagesError(
    codeOf(first),
    `${count === 1 ? "1 problem was" : `${count} problems were`} found; ${count === 1 ? "it is" : "the first is"} ${first.check}: ${line}.`,
    `Try this: ${first.remedy ?? ""}`,
  )
}
