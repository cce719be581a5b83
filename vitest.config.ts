import { configDefaults, defineConfig } from "vitest/config"

/** Tests that take too long for the gate. `npm run test:full` runs them as well. */
const FULL = "**/*.full.test.ts"
const exclude = process.env.RUNNER_IMAGES_TEST_FULL === "1" ? configDefaults.exclude : [...configDefaults.exclude, FULL]

const MINUTE = 60_000

/** With an engine: one file at a time, since they share its two or so processors and its cache. */
const withEngine = {
  exclude,
  fileParallelism: false,
  testTimeout: 20 * MINUTE,
  hookTimeout: 20 * MINUTE,
}

export default defineConfig({
  test: {
    projects: [
      // Files share their modules, which takes a quarter of the time off.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], exclude, testTimeout: MINUTE, isolate: false } },
      // The images' program, the act runner and the fake GitHub: real processes and servers, and no engine.
      {
        test: {
          name: "runtime",
          include: ["test/runtime/**/*.test.ts"],
          exclude,
          testTimeout: MINUTE,
          isolate: false,
          // Most of a test is waiting for processes: with one worker, which is what two processors give, half of them idles.
          maxWorkers: 2,
          globalSetup: "test/runtime/image-node.ts",
        },
      },
      { test: { name: "integration", include: ["test/integration/**/*.test.ts"], ...withEngine } },
      // Of an image that somebody names: npm run test:multi-arch.
      { test: { name: "multi-arch", include: ["test/multi-arch/**/*.test.ts"], ...withEngine } },
      { test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], ...withEngine } },
    ],
  },
})
