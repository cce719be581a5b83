import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { archNeutral } from "../../dagger/src/core/parity/arch-neutral.js"
import { parsePlatforms } from "../../dagger/src/core/platforms.js"
import type { Report } from "../../dagger/src/core/report/report.js"
import { LOCAL_REGISTRY } from "../local-registry.js"
import { answer, BOTH, commandLine, readReport, refusal, type Ended } from "./entry-points.js"

/** What distributions ship, and what only the definition can say is right: https://www.debian.org/doc/debian-policy/ch-files.html */
const DEFINITIONS = "test/e2e/definitions"
/** To see one platform's first: `RUNNER_IMAGES_TEST_PLATFORMS=linux/amd64`. */
const PLATFORMS = process.env.RUNNER_IMAGES_TEST_PLATFORMS ?? BOTH
const platforms = parsePlatforms(PLATFORMS.split(","))

const work = mkdtempSync(join(tmpdir(), "runner-images-definitions-"))
afterAll(() => {
  rmSync(work, { recursive: true, force: true })
})

const build = (file: string) =>
  commandLine("build", "--definition", file, "--sources", "registry", "--platforms", PLATFORMS, "--output", work)

/** A report's accepted findings, in words that are the same on every platform. */
function acceptedIn({ platforms }: Report): string[] {
  const found = platforms.flatMap(({ platform, checks }) =>
    checks.flatMap(({ name, accepted = [] }) =>
      accepted.map(({ finding, reason, by }) => {
        const [known] = parsePlatforms([platform])
        const text = `${name}: ${finding} (${by}: ${reason})`
        return known ? archNeutral(text, known) : text
      }),
    ),
  )
  return [...new Set(found)]
}

function resultsIn({ variant, platforms }: Report): string[] {
  return platforms.flatMap(({ platform, checks }) =>
    checks
      .filter(({ name }) => name.startsWith(`${variant}/`))
      .map(({ name, status }) => `${platform} ${name} ${status}`),
  )
}

describe.each<{ name: string; accepted: (string | RegExp)[]; checks: string[]; unused?: string }>([
  {
    name: "java",
    checks: ["home", "authorities"],
    accepted: [
      /^elf\/libraries: \/usr\/lib\/jvm\/java-21-openjdk-ARCH\/lib\/\w+\.so needs libjvm\.so \(package: openjdk-21-jre-headless has it as \/usr\/lib\/jvm\/java-21-openjdk-ARCH\/lib\/server\/libjvm\.so, /,
      /^elf\/libraries: \/usr\/lib\/jvm\/java-21-openjdk-ARCH\/lib\/libfontmanager\.so needs libharfbuzz\.so\.0 \(package: openjdk-21-jre-headless does not depend on it: add libharfbuzz0b /,
    ],
    unused: "files/setuid /usr/lib/jvm/*/bin/java 4755",
  },
  {
    name: "php",
    checks: ["session"],
    accepted: [/^files\/writable: \/var\/lib\/php\/sessions 1733 \(package: php-common /],
  },
  {
    name: "desktop",
    checks: ["session-bus", "gtk"],
    accepted: [
      "files/setuid: /usr/lib/dbus-1.0/dbus-daemon-launch-helper 4754 (package: dbus registers this mode with dpkg)",
      "files/setuid: /var/log/journal 2755 (package: /usr/lib/tmpfiles.d/systemd.conf of systemd declares this mode)",
      /^files\/leftovers: \/run\/shm \(package: \/usr\/lib\/tmpfiles\.d\/\w+\.conf of systemd declares this link\)$/,
      "files/leftovers: /var/log/README (package: /usr/lib/tmpfiles.d/legacy.conf of systemd declares this link)",
      "files/leftovers: /var/cache/desktop/prepared (definition: jobs begin with it)",
    ],
  },
  {
    name: "containers",
    checks: ["podman", "helpers"],
    accepted: [
      "files/setuid: /usr/bin/newgidmap 4755 (package: uidmap ships it with this mode)",
      "files/setuid: /usr/bin/newuidmap 4755 (package: uidmap ships it with this mode)",
    ],
  },
])("the definition of $name", ({ name, accepted, checks, unused }) => {
  let result: Ended
  beforeAll(async () => {
    result = await build(join(DEFINITIONS, `${name}.yaml`))
  })

  it("builds for every platform, and its own checks pass", () => {
    answer(result)
    expect(resultsIn(readReport(join(work, name)))).toEqual(
      platforms.flatMap((platform) => checks.map((check) => `${platform} ${name}/${check} passed`)),
    )
  })

  it("has what its packages ship, and the report says of each why that is right", () => {
    const found = acceptedIn(readReport(join(work, name)))
    const matching = (expected: string | RegExp) =>
      found.filter((text) => (typeof expected === "string" ? text === expected : expected.test(text)))
    expect(accepted.filter((expected) => matching(expected).length === 0)).toEqual([])
    expect(readFileSync(join(work, name, "report.md"), "utf8")).toContain("## Accepted findings")
  })

  it("is told what it accepts for nothing", () => {
    const { unusedAccept } = readReport(join(work, name))
    expect(unusedAccept?.map(({ check, finding }) => `${check} ${finding}`)).toEqual(unused && [unused])
    if (unused !== undefined) expect(result.stderr).toContain(`accepted nothing: ${unused}`)
    else expect(result.stderr).not.toContain("accepted nothing")
  })
})

// The modes in package files are not in dpkg's database, and the package files are not in an image.
it.skipIf(LOCAL_REGISTRY === "")(
  "an image's setuid programs are known as its packages' once it is published, too",
  async () => {
    const repository = `${LOCAL_REGISTRY}/definitions`
    const [platform = ""] = platforms
    const common = ["--definition", join(DEFINITIONS, "containers.yaml"), "--platforms", platform]
    const options = ["--sources", "registry", "--runner", "act", "--repository", repository, "--tags", "try"]
    answer(await commandLine("publish", ...common, ...options))
    const tested = await commandLine("test", `${repository}-containers:try-act`, ...common, "--json")
    expect(JSON.parse(answer(tested))).toMatchObject({
      variants: [{ variant: "containers", platforms: [{ failed: [] }] }],
    })
  },
)

it("without its entry, what no package has fails, and the failure says what to write", async () => {
  const file = join(work, "desktop.yaml")
  const text = readFileSync(join(DEFINITIONS, "desktop.yaml"), "utf8")
  writeFileSync(file, text.replace(/^accept:\n(?: .*\n)+/m, ""))
  const { exitCode, stderr: said } = await build(file)
  expect(exitCode, said.slice(-3000)).toBe(3)
  expect(said).toContain("files/leftovers: expected nothing, found /var/cache/desktop/prepared (")
  expect(said).toContain('{check: files/leftovers, finding: "/var/cache/desktop/prepared", reason: …}')
})

it.each([
  ["mail-transport-agent", "Name a package that provides it: "],
  ["default-jre-headles", "Did you mean default-jre-headless?"],
  ["mysql-sever", "Look for its name with apt-cache search, or at packages.debian.org."],
])("the package %s is unknown: %s", async (name, remedy) => {
  const file = join(work, "unknown.yaml")
  const text = readFileSync(join(DEFINITIONS, "php.yaml"), "utf8")
  writeFileSync(file, text.replace("php-cli", name))
  const said = refusal(await build(file), 2)
  expect(said).toContain(`The archive has no package "${name}"`)
  expect(said).toContain(remedy)
})
