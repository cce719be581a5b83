import { cachedTools, cachePath } from "../plan/tool-cache.js"
import { PLATFORMS, spelling } from "../platforms.js"
import { TOOL_CACHE } from "../variants/runner-user.js"
import { contains, equals, HELPERS, type CheckContext, type ExecCheck } from "./check.js"

/** A module without dependencies, in its own folder. */
const MODULE = `cd "$(mktemp -d)" && cp -r ${HELPERS}/go-module/. .`

/** Nothing may be fetched: neither modules nor another toolchain. */
const OFFLINE = { GOPROXY: "off", GOTOOLCHAIN: "local" }

const COMPILES = {
  compilesGo: true,
  seconds: 80,
  alone: "Go's compiler takes all processors, and later checks find the packages compiled",
} as const

/** What the Go toolchain can do. The first check that compiles fills the build cache for the others. */
export function goChecks({ platform, tools }: CheckContext): ExecCheck[] {
  const { arch, raceDetector } = spelling(platform)
  const checks: ExecCheck[] = [
    {
      name: "go/platform",
      proves: "Go compiles for the platform",
      command: "go env GOOS GOARCH",
      expect: equals(`linux\n${arch}`),
    },
    {
      name: "go/build",
      proves: "go build builds a module's program without a network",
      command: `${MODULE} && go build -o smoke-sum ./cmd/smoke-sum && ./smoke-sum`,
      expect: equals("1 + 2 = 3"),
    },
    {
      name: "go/install",
      proves: "the runner user can install programs, and they are on PATH",
      command: `${MODULE} && go install ./cmd/smoke-sum && smoke-sum && rm "$(command -v smoke-sum)"`,
      expect: equals("1 + 2 = 3"),
    },
    {
      name: "go/cgo",
      proves: "cgo compiles C with the image's compiler and calls it",
      command: `${MODULE} && go run ./cmd/smoke-cgo`,
      expect: equals("42"),
      environment: { CGO_ENABLED: "1" },
    },
    {
      name: "go/test",
      proves: "go test runs a test",
      command: `${MODULE} && go test -run Sum -v .`,
      expect: contains("--- PASS: TestSum"),
    },
    {
      name: "go/race",
      proves: "go test -race finds a data race",
      command: `${MODULE} && { go test -race -run Race . || test $? = 1; }`,
      expect: contains("WARNING: DATA RACE"),
      ...(raceDetector ? {} : { skip: `Go has no race detector for ${platform}` }),
      emulation: {
        skip: "the race detector needs 48-bit addresses, and emulated programs have 47 bits (QEMU's user mode)",
      },
    },
    {
      name: "go/format",
      proves: "gofmt finds a file that is not formatted",
      command: `cd "$(mktemp -d)" && printf 'package  a\\n' > a.go && gofmt -l .`,
      expect: equals("a.go"),
    },
    {
      name: "go/login",
      proves: "a login shell finds Go",
      command: "bash -lc 'command -v go'",
      expect: equals("/usr/local/go/bin/go"),
    },
    ...cachedTools(tools, [])
      .filter(({ name }) => name === "go")
      .map((tool): ExecCheck => {
        const folder = `${TOOL_CACHE}/${cachePath(tool, platform)}`
        return {
          name: "go/tool-cache",
          proves: "the action for Go finds the image's own, and may add other versions",
          command: `[ -e ${folder}.complete ] && touch ${TOOL_CACHE}/go/.probe && rm ${TOOL_CACHE}/go/.probe && ${folder}/bin/go version`,
          expect: contains(`go${tool.version}`),
        }
      }),
    ...PLATFORMS.filter((other) => other !== platform).map((other): ExecCheck => {
      const { arch, elfMachine } = spelling(other)
      return {
        name: `go/cross-${arch}`,
        proves: `Go also compiles for ${other}`,
        command: `${MODULE} && go build -o smoke-plain ./cmd/smoke-plain && od -An -tu2 -j18 -N2 smoke-plain`,
        expect: equals(String(elfMachine)),
        environment: { GOARCH: arch, CGO_ENABLED: "0" },
      }
    }),
  ]
  return checks.map((check) => ({
    ...(check.command.startsWith(MODULE) ? COMPILES : {}),
    ...check,
    environment: { ...OFFLINE, ...check.environment },
  }))
}
