import { execFileSync } from "node:child_process"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { choice, exec, file, quoted, run, stage, wrapped } from "../../../../dagger/src/core/dockerfile/text.js"

const MOUNT = { from: "debs", source: "/plan", target: "/plan" }

describe("a Dockerfile's text:", () => {
  it("a script with mounts, and an empty line after it", () => {
    expect(run([MOUNT, { cache: "go-$BUILDARCH", target: "/root/go" }], "true")).toBe(
      [
        "RUN --mount=type=bind,from=debs,source=/plan,target=/plan \\",
        "  --mount=type=cache,id=go-$BUILDARCH,target=/root/go,sharing=locked \\",
        "  <<EOF",
        "set -eu",
        "true",
        "EOF",
        "",
        "",
      ].join("\n"),
    )
  })

  it("a program without a shell", () => {
    expect(exec([MOUNT], ["/own/usr/bin/dash", "unpack"])).toBe(
      'RUN --mount=type=bind,from=debs,source=/plan,target=/plan \\\n  ["/own/usr/bin/dash", "unpack"]\n',
    )
  })

  it("a file in which nothing is replaced", () => {
    expect(file("/etc/npmrc", "prefix=${HOME}\n")).toBe('COPY <<"EOF" /etc/npmrc\nprefix=${HOME}\nEOF\n\n')
    expect(() => file("/a", "1\nEOF\n2\n")).toThrow("/a has a line that would end it")
  })

  it("a stage ends with one line break", () => {
    expect(stage("Tools.\nAll.", "base", "tools", run([], "true"))).toBe(
      "# Tools.\n# All.\nFROM base AS tools\nRUN <<EOF\nset -eu\ntrue\nEOF\n",
    )
  })

  it("a choice, whose commands may have lines of their own", () => {
    expect(choice("ARCH", { amd64: "a=1", arm64: "\n    a=2\n   " })).toBe(
      "case $ARCH in\n  amd64) a=1 ;;\n  arm64)\n    a=2\n    ;;\nesac\n",
    )
  })

  it("words in lines", () => {
    expect(wrapped(["one", "two", "three"], "  ", 12)).toBe("  one two \\\n  three")
  })

  it("the shell reads a quoted word as it is", () => {
    fc.assert(
      fc.property(
        fc.string().filter((word) => !word.includes("\0")),
        (word) => {
          expect(execFileSync("sh", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" })).toBe(word)
        },
      ),
      { numRuns: 60 },
    )
  })
})
