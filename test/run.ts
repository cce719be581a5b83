/**
 * The gate: everything that has to hold before a change is shared, in the order in which it fails fastest.
 *
 *   npm test            linter, formatter, types, imports between files, then the tests: unit, runtime, integration, e2e
 *   npm run test:full   the same with `*.full.test.ts`, however long they take
 *
 * Ends with `N passed, N failed[, N skipped]` on a line by itself; every static check counts as one. With
 * RUNNER_IMAGES_TEST_SUMMARY set to a file, that line is written there instead, for a caller who still has to tidy up.
 * Exits with 0 only if something ran and nothing failed.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { z } from "zod"
import { RunnerImagesError } from "../dagger/src/core/errors.js"
import { findEngine } from "../src/engine/find.js"
import { duration } from "../src/output/duration.js"
import { failureText } from "../src/output/failure.js"
import { PROJECT_ROOT } from "../src/host/paths.js"

interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** Lines of a failing test's message that are said again at the end. */
const FAILURE_LINES = 12

/** Programs of the gate that only look at the source. */
const STATIC_CHECKS: readonly { name: string; script: string }[] = [
  { name: "formatter", script: "format:check" },
  { name: "linter", script: "lint" },
  { name: "types", script: "typecheck" },
  { name: "dependencies", script: "dependencies" },
]

const resultSchema = z.object({
  numTotalTests: z.number(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numFailedTestSuites: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      /** Why a file failed before its first test. */
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
})
type TestResult = z.infer<typeof resultSchema>["testResults"][number]

const total: Counts = { passed: 0, failed: 0, skipped: 0 }
/** What failed, for the end of the output: a build server may show no more than that. */
const failures: string[] = []
const scratch = mkdtempSync(join(tmpdir(), "runner-images-test-"))
const stop = { requested: false }
for (const signal of ["SIGINT", "SIGTERM"] as const)
  // The child gets it too, or is given it below; what it leaves is counted as failed.
  process.on(signal, () => (stop.requested = true))

function add(name: string, counts: Counts, seconds: number): void {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  const ok = counts.failed === 0 && counts.passed > 0
  const mark = ok ? "ok" : "FAILED"
  if (!ok) failures.push(`${name}: ${countsText(counts)}`)
  console.log(`== ${name}: ${mark}, ${countsText(counts)} in ${duration(seconds)}`)
}

function countsText({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`
}

/** Runs a program with its output on ours. Resolves to its exit code. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: PROJECT_ROOT,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env },
    })
    const forward = (signal: NodeJS.Signals) => child.kill(signal)
    process.once("SIGTERM", forward)
    child.once("error", reject)
    child.once("close", (code) => {
      process.off("SIGTERM", forward)
      resolve(code ?? 1)
    })
  })
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now()
  const value = await work()
  return { value, seconds: (performance.now() - start) / 1000 }
}

async function staticCheck({ name, script }: (typeof STATIC_CHECKS)[number]): Promise<void> {
  console.log(`== ${name}`)
  const { value: code, seconds } = await timed(() => run("npm", ["run", "--silent", script]))
  add(name, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }, seconds)
}

async function project(name: string, env: Record<string, string>): Promise<void> {
  console.log(`== ${name}`)
  const file = join(scratch, `${name}.json`)
  const { value: code, seconds } = await timed(() =>
    run(
      join(PROJECT_ROOT, "node_modules/.bin/vitest"),
      ["run", "--project", name, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      env,
    ),
  )
  add(name, readCounts(file, code), seconds)
}

/** A run without a result, without a test, or with an exit code that the result does not explain has failed. */
function readCounts(file: string, code: number): Counts {
  let counts: Counts
  try {
    const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")))
    const broken = result.testResults.filter(isBroken)
    failures.push(...result.testResults.flatMap(failuresOf))
    counts = {
      passed: result.numPassedTests,
      failed: result.numFailedTests + broken.length,
      skipped: result.numPendingTests + result.numTodoTests,
    }
  } catch (error) {
    console.log(`no result of vitest can be read: ${error instanceof Error ? error.message : String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  if (counts.passed + counts.failed === 0) console.log("no test ran")
  const unexplained = counts.failed === 0 && (code !== 0 || counts.passed === 0)
  return unexplained ? { ...counts, failed: 1 } : counts
}

/** Whether a file failed without a test of its own, as one does that cannot be loaded. */
function isBroken({ status, assertionResults }: TestResult): boolean {
  return status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed")
}

/** A paragraph for each test of a file that failed: where it is, and the beginning of what it said. */
function failuresOf(result: TestResult): string[] {
  const paragraph = (title: string, message: string) => {
    const lines = stripVTControlCharacters(message).split("\n").slice(0, FAILURE_LINES)
    return [`${relative(PROJECT_ROOT, result.name)}: ${title}`, ...lines.map((line) => `    ${line}`)].join("\n")
  }
  if (isBroken(result)) return [paragraph("the file itself", result.message)]
  return result.assertionResults
    .filter(({ status }) => status === "failed")
    .map(({ fullName, failureMessages }) => paragraph(fullName, failureMessages?.join("\n") ?? ""))
}

/** Tests with an engine need one; that there is none is a failure, not a reason to skip them. */
async function engineEnvironment(): Promise<Record<string, string> | undefined> {
  console.log("== engine")
  try {
    const { value: engine, seconds } = await timed(() =>
      findEngine({
        bareEngine: true,
        log: (line) => {
          console.log(line)
        },
      }),
    )
    console.log(`== engine: ${engine.kind}, ${engine.reason}, in ${duration(seconds)}`)
    return { ...engine.env, ...(engine.registry ? { RUNNER_IMAGES_TEST_REGISTRY: engine.registry } : {}) }
  } catch (error) {
    console.log(error instanceof RunnerImagesError ? failureText(error) : error)
    failures.push("engine: none came up")
    total.failed += 1
    return undefined
  }
}

async function gate(full: boolean): Promise<void> {
  const mode: Record<string, string> = full ? { RUNNER_IMAGES_TEST_FULL: "1" } : {}
  for (const check of STATIC_CHECKS) if (!stop.requested) await staticCheck(check)
  for (const name of ["unit", "runtime"]) if (!stop.requested) await project(name, mode)
  const engine = stop.requested ? undefined : await engineEnvironment()
  if (!engine) return
  for (const name of ["integration", "e2e"]) if (!stop.requested) await project(name, { ...mode, ...engine })
}

const start = performance.now()
try {
  await gate(process.argv.includes("--full"))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
if (stop.requested) {
  failures.push("stopped by a signal")
  total.failed += 1
}
if (failures.length > 0) console.log(["== failed", ...failures].join("\n"))
console.log(`== took ${duration((performance.now() - start) / 1000)}`)
const summaryFile = process.env.RUNNER_IMAGES_TEST_SUMMARY
if (summaryFile === undefined) console.log(countsText(total))
else writeFileSync(summaryFile, `${countsText(total)}\n`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
