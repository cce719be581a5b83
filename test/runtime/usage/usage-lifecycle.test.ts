import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { Image, STARTS } from "../entrypoint/container.js"
import { parseExposition } from "../metrics/exposition.js"
import { until } from "../runner/runner-folder.js"

/** A file system of its own for the work folder: nobody else writes to it. */
const MOUNTS = process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0

const TOKEN = "ghp_a_token_that_nobody_sees"
const MEBIBYTE = 2 ** 20

let github: FakeGitHub
let image: Image
beforeAll(async () => {
  image = Image.create()
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterAll(async () => {
  image.remove()
  await github.close()
})

it.skipIf(!STARTS || !MOUNTS)("is measured for each job, and exported", async () => {
  const file = join(image.folder, "root/tmp/metrics.prom")
  const container = image.start(
    {
      REPO_URL: `${github.url}/octo/example`,
      GITHUB_HOST: github.url,
      GITHUB_API_HOST: github.api,
      ACCESS_TOKEN: TOKEN,
      METRICS_ENABLED: "true",
      METRICS_PORT: "19248",
      METRICS_FILE: file,
      JOBS_LOG: join(image.folder, "root/tmp/jobs.log"),
    },
    {
      as: ["unshare", "-m", "sh", "-c", `mount -t tmpfs -o mode=1777 tmpfs '${image.folder}/work'; exec "$@"`, "sh"],
    },
  )
  /** Sum and count of a histogram. */
  const histogram = (name: string): number[] => {
    const samples = parseExposition(readFileSync(file, "utf8")).get(`github_runner_job_${name}`)?.samples ?? []
    return ["_sum", "_count"].map((end) => samples.find((sample) => sample.name.endsWith(end))?.value ?? NaN)
  }
  try {
    await container.says("Listening for Jobs")
    expect([histogram("cpu_seconds"), histogram("memory_peak_bytes"), histogram("disk_used_bytes")]).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const program =
      "const kept = Buffer.alloc(150 * 2 ** 20, 1); for (const end = Date.now() + 4000; Date.now() < end; ); process.exit(kept.length ? 0 : 1)"
    const job = github.jobs.enqueue({
      repository: "octo/example",
      name: "build",
      steps: [{ run: "head -c 50M /dev/zero > large" }, { run: `node -e '${program}'` }, { run: "rm large" }],
    })
    expect((await github.waitForJob(job)).result).toBe("Succeeded")
    await until(() => histogram("cpu_seconds")[1] === 1)
    const [cpu = 0] = histogram("cpu_seconds")
    const [memory = 0] = histogram("memory_peak_bytes")
    const [disk = 0] = histogram("disk_used_bytes")
    expect(cpu).toBeGreaterThan(1)
    expect(cpu).toBeLessThan(60)
    expect(memory).toBeGreaterThan(150 * MEBIBYTE)
    expect(memory).toBeLessThan(1500 * MEBIBYTE)
    expect(disk).toBeGreaterThanOrEqual(50 * MEBIBYTE)
    expect(disk).toBeLessThan(60 * MEBIBYTE)
    container.signal("SIGTERM")
    expect(await container.ended()).toBe(0)
  } finally {
    await container.kill()
  }
})
