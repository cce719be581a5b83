import { describe, expect, it } from "vitest"
import { readCommandLine } from "../../docker/runtime/src/command-line.js"
import { RuntimeFailure } from "../../docker/runtime/src/failure.js"

function read(line: string): string {
  try {
    return JSON.stringify(readCommandLine(line.split(" ").filter((word) => word !== "")))
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error
    return `${error.exitCode}: ${error.message}. ${error.remedy}`
  }
}

describe("docker run IMAGE", () => {
  it.each([
    ["", { name: "run", args: [] }],
    ["run", { name: "run", args: [] }],
    ["run --once", { name: "run", args: ["--once"] }],
    ["./bin/Runner.Listener run --startuptype service", { name: "run", args: ["--startuptype", "service"] }],
    ["bin/Runner.Listener run", { name: "run", args: [] }],
    ["/actions-runner/bin/Runner.Listener run", { name: "run", args: [] }],
    ["./run.sh --jitconfig abc", { name: "run", args: [], jitConfiguration: "abc" }],
    ["/home/runner/run.sh", { name: "run", args: [] }],
    [
      "run --startuptype service --jitconfig old --once --jitconfig --new",
      { name: "run", args: ["--startuptype", "service", "--once"], jitConfiguration: "--new" },
    ],
    [
      "run --startuptype=service --jitconfig=abc==",
      { name: "run", args: ["--startuptype", "service"], jitConfiguration: "abc==" },
    ],
    ["run --jitconfig", { name: "run", args: [], jitConfiguration: "" }],
    ["run --startuptype", { name: "run", args: ["--startuptype", ""] }],
    ["--version", { name: "version", json: false }],
    ["version --json", { name: "version", json: true }],
    ["doctor", { name: "doctor", json: false }],
    ["doctor --json", { name: "doctor", json: true }],
    ["health", { name: "health" }],
    ["broker", { name: "broker" }],
    ["--help", { name: "help" }],
    ["-h", { name: "help" }],
  ])("%s", (line, expected) => {
    expect(JSON.parse(read(line))).toEqual(expected)
  })

  it.each([
    ["--verison", "10: there is no option --verison. Did you mean --version? --help lists all commands and options."],
    ["brokr", "10: there is no command or program brokr. Did you mean broker? --help lists all commands and options."],
    [
      "broker all",
      "10: there is no argument all. --help lists all commands and options. Settings are environment variables.",
    ],
    [
      "docter",
      "10: there is no command or program docter. Did you mean doctor? --help lists all commands and options.",
    ],
    [
      "--ephemeral",
      "10: there is no option --ephemeral. --help lists all commands and options. Settings are environment variables.",
    ],
    ["run --onse", "10: there is no option --onse. Did you mean --once? --help lists all commands and options."],
    [
      "run --token abc",
      "10: there is no option --token. --help lists all commands and options. Settings are environment variables.",
    ],
    ["doctor --jsno", "10: there is no option --jsno. Did you mean --json? --help lists all commands and options."],
    [
      "health now",
      "10: there is no argument now. --help lists all commands and options. Settings are environment variables.",
    ],
    ["run --", "10: there is no option --. --help lists all commands and options. Settings are environment variables."],
    [
      "run -abc",
      "10: there is no option -abc. --help lists all commands and options. Settings are environment variables.",
    ],
    [
      "run service",
      "10: there is no argument service. --help lists all commands and options. Settings are environment variables.",
    ],
    [
      "version -- --json",
      "10: there is no option --. --help lists all commands and options. Settings are environment variables.",
    ],
    [
      "help --json",
      "10: there is no option --json. --help lists all commands and options. Settings are environment variables.",
    ],
    ["-abc", "10: there is no option -abc. --help lists all commands and options. Settings are environment variables."],
    [
      "run --once=yes",
      "10: there is no option --once=yes. Did you mean --once? --help lists all commands and options.",
    ],
    [
      "doctor --json=false",
      "10: there is no option --json=false. Did you mean --json? --help lists all commands and options.",
    ],
  ])("%s is an error", (line, expected) => {
    expect(read(line)).toBe(expected)
  })
})
