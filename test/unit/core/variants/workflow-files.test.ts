import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { workflowFiles } from "../../../../dagger/src/core/variants/workflow-files.js"

const folder = mkdtempSync(join(tmpdir(), "runner-images-workflow-"))
afterAll(() => rmSync(folder, { recursive: true }))

const texts = new Map(workflowFiles("/the/image").map(({ path, text }) => [path, text]))

/** What a shell prints after it has read the profile, whose other files are in a folder of the test's. */
function shell(name: string, environment: Record<string, string>, command: string): string {
  mkdirSync(join(folder, "profile.d"), { recursive: true })
  writeFileSync(join(folder, "profile.d", "added.sh"), "ADDED=yes\n")
  const profile = (texts.get("/etc/profile") ?? "").replaceAll("/etc/", `${folder}/`)
  writeFileSync(join(folder, "profile"), profile)
  const { stdout, stderr } = spawnSync(name, ["-euc", `. ${folder}/profile; ${command}`], {
    env: environment,
    encoding: "utf8",
    // With a socket there, bash takes itself for a remote shell, and reads its start-up files.
    stdio: ["ignore", "pipe", "pipe"],
  })
  return stdout + stderr
}

// Bash has a PATH of its own where it is given none.
it.each(["/bin/bash", "/bin/dash"])("the profile keeps PATH, and reads the files beside it, in %s", (name) => {
  expect(shell(name, { PATH: "/a:/b" }, 'echo "$PATH $ADDED"')).toBe("/a:/b yes\n")
  expect(shell(name, { PATH: "" }, 'echo "$PATH $ADDED ${script-none}"')).toBe("/the/image yes none\n")
})

it("are where a file that somebody mounts takes nothing away", () => {
  expect([...texts]).toMatchInlineSnapshot(`
    [
      [
        "/etc/profile",
        "# For login shells. PATH stays as it is.
    if [ -z "\${PATH-}" ]; then
      PATH=/the/image
    fi
    export PATH

    if [ -n "\${BASH_VERSION-}" ] && [ -n "\${PS1-}" ] && [ -r /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi

    for script in /etc/profile.d/*.sh; do
      if [ -r "$script" ]; then
        . "$script"
      fi
    done
    unset script
    ",
      ],
      [
        "/etc/xdg/pip/pip.conf",
        "[global]
    break-system-packages = true
    ",
      ],
      [
        "/usr/local/etc/npmrc",
        "prefix=\${HOME}/.npm-global
    ",
      ],
    ]
  `)
})
