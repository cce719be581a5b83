import { expect } from "vitest"
import { parseExposition } from "../../runtime/metrics/exposition.js"
import { caseGroup } from "../lifecycle-case.js"
import { REPOSITORY, type TestEnvironment } from "../test-environment.js"

const NAME = REPOSITORY.split("/")[1] ?? ""

/** In seconds: a sleep that nothing else has. */
const SLEEP = "47110"

const WORK = "/home/runner/_work"

/** Leaves a checkout, a temporary file, and a process that the runner itself does not know. */
const LEAVE = [
  "mkdir -p kept && touch kept/file && chmod 555 kept",
  "touch /tmp/left-by-job",
  `RUNNER_TRACKING_ID= setsid sleep ${SLEEP} > /dev/null 2>&1 < /dev/null & sleep 0.5`,
]

/** Prints what of it is still there. */
const LEFT = [
  `for each in ${WORK}/${NAME} /tmp/left-by-job; do [ ! -e "$each" ] || echo "$each"; done`,
  `for each in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < "$each" 2>&-; echo; done | grep -o 'slee[p] ${SLEEP}'`,
  "true",
].join("; ")

/** What a job leaves with a setting, and that job's log. Another job works after it. */
async function leftAfterJob(
  testEnv: TestEnvironment,
  settings: Readonly<Record<string, string>>,
): Promise<{ left: string[]; log: string }> {
  const github = await testEnv.github()
  const container = await testEnv.listening({ ...github.environment, RUNNER_WORKDIR: WORK, ...settings })
  const { log } = await github.done(LEAVE)
  await container.lines.waitFor(/completed with result: Succeeded$/, testEnv.timeout(10))
  const { stdout } = await container.exec(["sh", "-c", LEFT])
  expect((await github.done(["touch again"])).result).toBe("Succeeded")
  return { left: stdout.split("\n").filter((line) => line !== ""), log }
}

export const BETWEEN_JOBS = caseGroup("Between jobs", [
  {
    name: "clean-off",
    proves: "without RUNNER_CLEAN, what a job leaves stays, as with GitHub's runner",
    run: async (testEnv) => {
      const { left } = await leftAfterJob(testEnv, {})
      expect(left).toEqual([`${WORK}/${NAME}`, "/tmp/left-by-job", `sleep ${SLEEP}`])
    },
  },
  {
    name: "clean-work",
    proves: "with RUNNER_CLEAN=work, a job's folder is gone when it has ended, and nothing else",
    run: async (testEnv) => {
      const { left, log } = await leftAfterJob(testEnv, { RUNNER_CLEAN: "work" })
      expect(left, log).toEqual(["/tmp/left-by-job", `sleep ${SLEEP}`])
      expect(log).toContain(`removed 1 folder of the job from ${WORK}`)
    },
  },
  {
    name: "clean-all",
    proves:
      "with RUNNER_CLEAN=all, a job's folder, temporary files and processes are gone when it has ended, its log says so, and the next job works",
    gate: true,
    run: async (testEnv) => {
      const { left, log } = await leftAfterJob(testEnv, { RUNNER_CLEAN: "all" })
      expect(left, log).toEqual([])
      expect(log).toMatch(/ended 1 process of the job: \S+ \(\d+\)/)
      expect(log).toContain(`removed 1 folder of the job from ${WORK}`)
      expect(log).toContain("removed 1 temporary file of the job from /tmp")
    },
  },
  {
    name: "job-usage",
    proves: "the CPU time, peak memory and disk space of a job are in the metrics after it",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const busy =
        "const kept = Buffer.alloc(2 ** 27, 1); for (let used = 0; used < 1.5e6; ) { const { user, system } = process.cpuUsage(); used = user + system } kept.length"
      await github.done(["head -c 30M /dev/zero > large", `node -e '${busy}'`], {}, 60)
      await container.lines.waitFor(/completed with result: Succeeded$/, testEnv.timeout(10))
      const url = `http://127.0.0.1:${container.options.environment?.METRICS_PORT ?? ""}/metrics`
      const value = async (name: string): Promise<number> => {
        const family = parseExposition(await (await fetch(url)).text()).get(`github_runner_job_${name}`)
        return family?.samples.find((sample) => sample.name.endsWith("_sum"))?.value ?? 0
      }
      await testEnv.until("it is measured", async () => (await value("cpu_seconds")) > 0)
      expect(await value("cpu_seconds")).toBeGreaterThan(1)
      expect(await value("memory_peak_bytes")).toBeGreaterThan(2 ** 27)
      expect(await value("disk_used_bytes")).toBeGreaterThan(20e6)
    },
  },
])
