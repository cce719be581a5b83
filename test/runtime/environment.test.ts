import { spawnSync } from "node:child_process"
import { expect, it } from "vitest"
import { parseEnvironment, readEnvironment } from "../../docker/runtime/src/environment.js"
import { splitEnvironment } from "../../docker/runtime/src/image-paths.js"
import { withSystemPath } from "../../docker/runtime/src/system-path.js"

it("the environment is what env -0 writes, without what the shell set for itself", () => {
  const env = { A: "1", EMPTY: "", LINES: "one\ntwo", EQUALS: "a=b=c", "with.dot": "x", "with-hyphen": "y" }
  const { stdout } = spawnSync("bash", ["-c", "exec env -0"], {
    env: { PATH: process.env.PATH ?? "", ...env },
    encoding: "utf8",
    // With a socket there, bash takes itself for a remote shell, and reads its start-up files.
    stdio: ["ignore", "pipe", "inherit"],
  })
  expect(parseEnvironment(stdout)).toEqual({ PATH: process.env.PATH, ...env })
})

it("the environment is this process's own where no other is handed over", () => {
  expect(readEnvironment({ A: "1", B: undefined })).toEqual({ A: "1" })
})

it("internal variables are nobody's configuration", () => {
  const { environment, paths } = splitEnvironment({ A: "1", RUNNER_IMAGES_HOME: "/elsewhere", RUNNER_NAME: "one" })
  expect(environment).toEqual({ A: "1", RUNNER_NAME: "one" })
  expect(paths).toEqual({
    home: "/elsewhere",
    library: "/usr/local/lib/runner-images",
    hooks: "/etc/runner/hooks",
    root: "/",
    node: "/usr/local/bin/node",
  })
})

it.each([
  ["/home/runner/.local/bin:/usr/local/bin:/usr/bin:/bin", "/usr/local/bin:/usr/bin:/bin"],
  ["/usr/local/go/bin:/home/runner/go/bin:/sbin:/bin/x", "/usr/local/go/bin:/sbin:/bin/x"],
  ["bin::.:/usrs/bin:/usr/../home/runner/bin:/usr/bin", "/usr/bin"],
  ["/opt/tools/bin", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
])("PATH without folders that jobs can write to: %s", (PATH, expected) => {
  expect(withSystemPath({ PATH, A: "1" })).toEqual({ PATH: expected, A: "1" })
  expect(withSystemPath({ A: "1" })).toEqual({ A: "1" })
})
