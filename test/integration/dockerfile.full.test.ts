import { dag } from "@dagger.io/dagger"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"
import { withoutSyntax } from "../../dagger/src/core/dockerfile/dockerfile.js"
import { catalogTool } from "../../dagger/src/core/catalog/catalog.js"
import { AGENT_FOLDERS } from "../../dagger/src/core/variants/runner-user.js"
import { HEALTH_COMMAND, LOADER, RUNNER_MANIFEST } from "../../dagger/src/core/variants/runtime-files.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { trustFile } from "../../dagger/src/core/request/trust-files.js"
import { inSession } from "./foreign-packages.js"

const docker = fileURLToPath(new URL("../../docker", import.meta.url))
const FROM_REGISTRIES = [
  { name: "SOURCES", value: "registry" },
  { name: "RUNNER", value: "act" },
]
/** What a runner does at its start, and what jobs use. */
const USED = [
  "id",
  "node --version",
  "npm --version",
  "yarn --version",
  "LC_ALL=en_US.UTF-8 locale charmap",
  "ls -d /opt/hostedtoolcache/*/*/*.complete",
  "for program in /opt/hostedtoolcache/*/*/*/bin/*; do readlink -f $program; done",
  "bash -lc 'echo $PATH'",
  "gh --version",
  "docker --version",
  "gcc --version",
  "./bin/Runner.Listener --version",
  "id runner-agent",
  `stat -c '%a %u:%g %n' ${[...AGENT_FOLDERS, LOADER.path, RUNNER_MANIFEST].join(" ")}`,
  // Links have what they lead to in place of a checksum.
  `grep -v ^link: ${RUNNER_MANIFEST} | sha256sum --check --quiet --strict`,
  `sed -n 's/^link://p' ${RUNNER_MANIFEST} | while read -r to path; do [ "$(readlink "$path")" = "$to" ] || exit 1; done`,
  `${HEALTH_COMMAND.join(" ")} || echo "ended with $?"`,
]

it("the Dockerfile builds on its own, with what the pipeline's image has", async () => {
  const trust = trustFile(process.env.SSL_CERT_FILE, existsSync)
  const output = await inSession(({ platform }) => {
    const secrets = trust === undefined ? [] : [dag.setSecret("ca-bundle", readFileSync(trust, "utf8"))]
    // The engine's own frontend reads it: the one that it names would have to be fetched.
    const dockerfile = withoutSyntax(readFileSync(join(docker, "Dockerfile"), "utf8"))
    const image = dag
      .host()
      .directory(docker)
      .withNewFile("Dockerfile", dockerfile)
      .dockerBuild({ platform: asPlatform(platform), secrets, buildArgs: FROM_REGISTRIES })
    return image.withExec(["sh", "-ec", USED.join("\n")]).stdout()
  })
  const versionOf = (name: "node" | "npm" | "yarn") => {
    const { registry } = catalogTool(name)
    return registry.kind === "npm" ? registry.version : "unknown"
  }
  expect(output).toContain("uid=1001(runner) gid=1001(runner) groups=1001(runner),123(docker)")
  expect(output).toContain(`v${versionOf("node")}\n${versionOf("npm")}\n${versionOf("yarn")}\nUTF-8\n`)
  expect(output).toMatch(/\/Python\/3\.\d+\.\d+\/\w+\.complete\n\S+\/node\/24\.\d+\.\d+\/\w+\.complete\n/)
  expect(output).toMatch(
    /\n\/usr\/bin\/python3\.\d+\n[^]*\n\/usr\/local\/bin\/node\n[^]*\n\/home\/runner\/\.local\/bin:/,
  )
  expect(output).toMatch(/gh version .*Docker version .*gcc \(Debian .*-act/s)
  expect(output).toContain("uid=1002(runner-agent) gid=1002(runner-agent) groups=1002(runner-agent)\n")
  expect(output).toContain(AGENT_FOLDERS.map((folder) => `700 1002:1002 ${folder}\n`).join(""))
  expect(output).toContain(`711 0:0 ${LOADER.path}\n644 0:0 ${RUNNER_MANIFEST}\n`)
  expect(output).toMatch(/^unhealthy: .*\nended with 1$/m)
})
