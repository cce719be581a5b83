import { expect } from "vitest"
import { parseExposition } from "../../runtime/metrics/exposition.js"
import { caseGroup } from "../lifecycle-case.js"

export const BETWEEN_JOBS = caseGroup("Between jobs", [
  {
    name: "job-usage",
    proves: "the CPU time, peak memory and disk space of a job are in the metrics after it",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const busy =
        "const kept = Buffer.alloc(2 ** 27, 1); for (const end = Date.now() + 3000; Date.now() < end; ); kept.length"
      await github.done(["head -c 30M /dev/zero > large", `node -e '${busy}'`])
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
