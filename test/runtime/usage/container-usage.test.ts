import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { containerUsage } from "../../../docker/runtime/src/usage/container-usage.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"
import { until } from "../runner/runner-folder.js"

const MEBIBYTE = 2 ** 20

function group(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder("cgroup")
  mkdirSync(join(root, "sys/fs/cgroup"), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "sys/fs/cgroup", name), text)
  return root
}

const FILES = {
  "cpu.stat": "usage_usec 12345678\nuser_usec 12000000\nsystem_usec 345678\n",
  "memory.current": `${300 * MEBIBYTE}\n`,
  "memory.stat": `anon 1234\nfile ${200 * MEBIBYTE}\nactive_file 99\ninactive_file ${180 * MEBIBYTE}\n`,
}

it("is that of the container's control group, without cache that the kernel gives up", () => {
  expect(containerUsage(group(FILES)).read()).toEqual({ cpuSeconds: 12.345678, memoryBytes: 120 * MEBIBYTE })
})

it("may be gone", () => {
  const root = group(FILES)
  const source = containerUsage(root)
  writeFileSync(join(root, "sys/fs/cgroup/cpu.stat"), "")
  expect(source.read()).toBeUndefined()
})

it.each([
  ["a machine's own group has no memory of its own", { "cpu.stat": FILES["cpu.stat"] }],
  ["version 1 of control groups has other files", {}],
])("is that of the processes where %s", async (_, files) => {
  const program = `
    const kept = Buffer.alloc(${64 * MEBIBYTE}, 1)
    const { spawnSync } = require("node:child_process")
    const busy = (seconds) => \`for (let used = {}; !(used.user + used.system > \${seconds * 1e6}); used = process.cpuUsage());\`
    spawnSync(process.execPath, ["-e", busy(0.3)])
    eval(busy(0.1))
    console.log("ready"); setTimeout(() => kept.length, 60000)`
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] })
  try {
    let ready = false
    child.stdout.on("data", () => (ready = true))
    const source = containerUsage(group(files), child.pid)
    await until(() => ready)
    const { cpuSeconds = 0, memoryBytes = 0 } = source.read() ?? {}
    // A process that has ended counts with its parent. The kernel tells whole ticks of ten milliseconds.
    expect(cpuSeconds).toBeGreaterThan(0.35)
    expect(cpuSeconds).toBeLessThan(20)
    expect(memoryBytes).toBeGreaterThan(64 * MEBIBYTE)
    expect(memoryBytes).toBeLessThan(400 * MEBIBYTE)
  } finally {
    child.kill("SIGKILL")
  }
})
