import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { execChecks } from "../../../../dagger/src/core/checks/suite.js"
import { lineage, resolveDefinition } from "../../../../dagger/src/core/variants/definitions.js"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { labelsOf } from "../../../../dagger/src/core/plan/labels.js"
import { LONGEST_DEFINITION, parseCustomVariant } from "../../../../dagger/src/core/variants/custom/custom-variant.js"
import { environmentOn, planVariant } from "../../../../dagger/src/core/plan/plan.js"
import type { BuildRequest } from "../../../../dagger/src/core/request/request.js"
import { parseVariants } from "../../../../dagger/src/core/variants/names.js"

const SHA = "0123456789abcdef".repeat(4)

/** A definition with one of everything. */
const WHOLE = `name: databases
extends: standard
title: Databases
description: Clients of databases
budget: 1.2 GB
packages: [postgresql-client, sqlite3]
tools:
  - name: usql
    version: 0.10
    files:
      linux/amd64:
        url: https://example.test/v0.10/usql-amd64.tar.bz2
        sha256: ${SHA}
      linux/arm64:
        url: https://example.test/v0.10/usql-arm64.tar.bz2
        sha256: ${SHA}
    unpack: tar
    into: /usr/local/bin
    strip: 1
    only: [usql]
    links:
      /usr/local/bin/sql: usql
files:
  - path: /etc/sqlrc
    text: |
      timing on
    mode: 0640
environment:
  PGCONNECT_TIMEOUT: 10
  PGSYSCONFDIR: {linux/amd64: /etc/x86, linux/arm64: /etc/arm}
  PATH: /opt/db/bin:/home/runner/.local/bin:/home/runner/.npm-global/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
accept:
  - check: files/setuid
    finding: /usr/lib/*/helper 4755
    reason: the helper is needed
checks:
  - name: version
    proves: psql runs
    command: psql --version
    expect:
      matches: PostgreSQL.* 17
  - name: refused
    proves: nobody answers
    command: psql --host /nowhere
    expect:
      fails: true
    skipEmulated: takes minutes under emulation
`

const own = parseCustomVariant(WHOLE, "databases.yaml")
const request: BuildRequest = {
  platforms: ["linux/amd64", "linux/arm64"],
  variants: [own.name],
  custom: own,
  sources: "registry",
  sudo: false,
  refresh: false,
}
const plan = planVariant("databases", request, { mode: "registry", reason: "test" })

describe("a definition file", () => {
  it("describes a variant", () => {
    expect(own).toMatchInlineSnapshot(`
      {
        "definition": {
          "accept": [
            {
              "check": "files/setuid",
              "finding": "/usr/lib/*/helper 4755",
              "reason": "the helper is needed",
            },
          ],
          "budgetBytes": 1200000000,
          "checks": [],
          "customChecks": [
            {
              "command": "psql --version",
              "expect": {
                "kind": "matches",
                "pattern": "PostgreSQL.* 17",
              },
              "name": "databases/version",
              "proves": "psql runs",
            },
            {
              "command": "psql --host /nowhere",
              "expect": {
                "kind": "fails",
              },
              "name": "databases/refused",
              "proves": "nobody answers",
              "skipEmulated": "takes minutes under emulation",
            },
          ],
          "customTools": [
            {
              "files": {
                "linux/amd64": {
                  "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                  "url": "https://example.test/v0.10/usql-amd64.tar.bz2",
                },
                "linux/arm64": {
                  "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                  "url": "https://example.test/v0.10/usql-arm64.tar.bz2",
                },
              },
              "links": {
                "/usr/local/bin/sql": "usql",
              },
              "name": "usql",
              "unpack": {
                "into": "/usr/local/bin",
                "kind": "tar",
                "only": [
                  "usql",
                ],
                "strip": 1,
              },
              "version": "0.10",
            },
          ],
          "description": "Clients of databases",
          "environment": {
            "PATH": "/opt/db/bin:/home/runner/.local/bin:/home/runner/.npm-global/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PGCONNECT_TIMEOUT": "10",
          },
          "extends": "standard",
          "files": [
            {
              "mode": "0640",
              "path": "/etc/sqlrc",
              "text": "timing on
      ",
            },
          ],
          "packages": [
            "postgresql-client",
            "sqlite3",
          ],
          "platformEnvironment": {
            "linux/amd64": {
              "PGSYSCONFDIR": "/etc/x86",
            },
            "linux/arm64": {
              "PGSYSCONFDIR": "/etc/arm",
            },
          },
          "title": "Databases",
          "tools": [],
        },
        "name": "databases",
      }
    `)
  })

  it("is resolved with all that it inherits", () => {
    expect(lineage("databases", own)).toEqual(["standard", "databases"])
    const resolved = resolveDefinition("databases", own)
    expect(resolved.packages.slice(-2)).toEqual(["postgresql-client", "sqlite3"])
    expect(resolved.environment).toMatchObject({ LANG: "C.UTF-8", PGCONNECT_TIMEOUT: "10" })
  })

  it("is planned, its tools by their URLs also where all others come from registries", () => {
    expect(plan.platforms.map(({ tools }) => tools.at(-1))).toMatchInlineSnapshot(`
      [
        {
          "from": "definition",
          "links": {
            "/usr/local/bin/sql": "usql",
          },
          "name": "usql",
          "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "unpack": {
            "into": "/usr/local/bin",
            "kind": "tar",
            "only": [
              "usql",
            ],
            "strip": 1,
          },
          "url": "https://example.test/v0.10/usql-amd64.tar.bz2",
          "version": "0.10",
        },
        {
          "from": "definition",
          "links": {
            "/usr/local/bin/sql": "usql",
          },
          "name": "usql",
          "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "unpack": {
            "into": "/usr/local/bin",
            "kind": "tar",
            "only": [
              "usql",
            ],
            "strip": 1,
          },
          "url": "https://example.test/v0.10/usql-arm64.tar.bz2",
          "version": "0.10",
        },
      ]
    `)
    expect(plan.extends).toBe("standard")
  })

  it("gives each platform its own values of variables", () => {
    expect(plan.environment).toMatchObject({ LANG: "C.UTF-8", PGCONNECT_TIMEOUT: "10" })
    expect(plan.environment).not.toHaveProperty("PGSYSCONFDIR")
    expect(plan.platforms.map(({ platform }) => environmentOn(plan, platform).PGSYSCONFDIR)).toEqual([
      "/etc/x86",
      "/etc/arm",
    ])
    expect(environmentOn(plan, "linux/arm64")).toMatchObject(plan.environment)
  })

  it("gives a platform its own value in place of the one that all would have", () => {
    const text = WHOLE.replace("PGSYSCONFDIR", "LANG")
    const changed = parseCustomVariant(text, "databases.yaml")
    const planned = planVariant("databases", { ...request, custom: changed }, { mode: "registry", reason: "test" })
    expect(planned.platforms.map(({ platform }) => environmentOn(planned, platform).LANG)).toEqual([
      "/etc/x86",
      "/etc/arm",
    ])
  })

  it("cannot take away what --root sets", () => {
    const text = WHOLE.replace("PGSYSCONFDIR", "RUN_AS_ROOT")
    const custom = parseCustomVariant(text, "databases.yaml")
    const planned = planVariant("databases", { ...request, custom, root: true }, { mode: "registry", reason: "test" })
    expect(planned.platforms.map(({ platform }) => environmentOn(planned, platform).RUN_AS_ROOT)).toEqual([
      "true",
      "true",
    ])
  })

  it("adds its checks after all others", () => {
    const context = { platform: "linux/arm64" as const, emulated: true, plan, tools: [], packages: [] }
    expect(execChecks(context).slice(-2)).toMatchInlineSnapshot(`
      [
        {
          "command": "psql --version",
          "environment": {},
          "expect": {
            "kind": "matches",
            "pattern": /PostgreSQL\\.\\* 17/,
          },
          "name": "databases/version",
          "proves": "psql runs",
          "seconds": 120,
        },
        {
          "command": "psql --host /nowhere",
          "environment": {},
          "expect": {
            "kind": "fails",
          },
          "name": "databases/refused",
          "proves": "nobody answers",
          "seconds": 120,
          "skip": "takes minutes under emulation",
        },
      ]
    `)
  })

  it("names the images' type", () => {
    const facts = { created: "2026-01-02T03:04:05Z", base: "debian@sha256:0", runnerVersion: "1" }
    expect(labelsOf(plan, facts)).toMatchObject({
      "com.github.runner.type": "databases",
      "org.opencontainers.image.title": "Databases",
    })
  })

  it("is what is built when no variants are named, and the last of all", () => {
    expect(parseVariants(undefined, "databases")).toEqual(["databases"])
    expect(parseVariants(["all"], "databases").slice(-1)).toEqual(["databases"])
    expect(parseVariants(["databases", "standard"], "databases")).toEqual(["databases", "standard"])
    expect(() => parseVariants(["database"], "databases")).toThrow("Did you mean databases?")
  })

  it("may leave out everything but its name, what it extends and its checks", () => {
    const text = "name: a\nextends: chrome\nchecks:\n- {name: b, proves: c, command: d, expect: {equals: ''}}\n"
    expect(parseCustomVariant(text, "a.yaml")).toMatchInlineSnapshot(`
      {
        "definition": {
          "checks": [],
          "customChecks": [
            {
              "command": "d",
              "expect": {
                "kind": "equals",
                "value": "",
              },
              "name": "a/b",
              "proves": "c",
            },
          ],
          "customTools": [],
          "description": "The chrome image with what a adds",
          "environment": {},
          "extends": "chrome",
          "files": [],
          "packages": [],
          "title": "GitHub Actions runner with Chrome, a",
          "tools": [],
        },
        "name": "a",
      }
    `)
  })

  it("may name the same value twice by an alias", () => {
    const text = WHOLE.replace(`sha256: ${SHA}`, `sha256: &sum ${SHA}`).replace(`sha256: ${SHA}`, "sha256: *sum")
    expect(text).toContain("*sum")
    expect(parseCustomVariant(text, "databases.yaml")).toEqual(own)
  })

  it("is in examples/", () => {
    const file = "examples/postgresql-client.yaml"
    expect(parseCustomVariant(readFileSync(file, "utf8"), file)).toMatchObject({
      name: "postgresql-client",
      definition: { extends: "standard", packages: ["postgresql-client"], budgetBytes: 1_080_000_000 },
    })
  })
})

/** What is wrong; what of the whole definition is replaced; by what. */
const ISSUES: readonly [what: string, from: string | RegExp, to: string][] = [
  ["an unknown key", "packages:", "pakages:"],
  ["several unknown keys", "title: Databases", "titel: Databases\nwarp: 9"],
  ["a variant to extend that does not exist", "extends: standard", "extends: standart"],
  ["no variant to extend", "extends: standard\n", ""],
  ["the name of one of this project's own variants", "name: databases", "name: chrome"],
  ["a name that cannot be a folder and a repository", "name: databases", "name: Data/Bases"],
  ["an empty title", "title: Databases", "title:"],
  ["a title of several lines", "title: Databases", 'title: "a\\nb"'],
  ["a size without a unit", "budget: 1.2 GB", "budget: 1200"],
  ["a package's name that cannot be", "sqlite3]", "SQLite]"],
  ["a package that apt would remove", "sqlite3]", "sqlite3-]"],
  ["a package that is there twice", "sqlite3]", "postgresql-client]"],
  ["sudo as a package", "sqlite3]", "sudo]"],
  ["packages that are no list", "packages: [postgresql-client, sqlite3]", "packages: postgresql-client"],
  ["a missing platform", / {6}linux\/arm64:\n.*\n.*\n/, ""],
  ["a platform that does not exist", "      linux/arm64:", "      linux/arm46:"],
  ["a URL without TLS", "https://example.test/v0.10/usql-amd64", "http://example.test/v0.10/usql-amd64"],
  [
    "a URL with a password",
    "https://example.test/v0.10/usql-amd64",
    "https://me:hunter2@example.test/v0.10/usql-amd64",
  ],
  ["a URL without a file name", "v0.10/usql-amd64.tar.bz2", "v0.10/?platform=amd64"],
  ["a checksum that is cut off", SHA, SHA.slice(1)],
  ["a tool without a version", "    version: 0.10\n", ""],
  ["a tool of the catalog", "name: usql", "name: gh"],
  ["a way of unpacking that does not exist", "unpack: tar", "unpack: rar"],
  [
    "leading folders of a program",
    "unpack: tar\n    into: /usr/local/bin",
    "unpack: program\n    into: /usr/local/bin/usql",
  ],
  ["what is wanted outside of the archive", "only: [usql]", "only: [../usql]"],
  ["a relative place", "into: /usr/local/bin", "into: usr/local/bin"],
  ["a place with a path traversal", "into: /usr/local/bin", "into: /opt/../etc"],
  ["an archive over the whole image", "into: /usr/local/bin", "into: /etc"],
  ["a link in place of the runner", "/usr/local/bin/sql: usql", "/home/runner/run.sh: /usr/local/bin/usql"],
  ["a file in place of the accounts", "path: /etc/sqlrc", "path: /etc/passwd"],
  ["a file that lets the runner user become root", "path: /etc/sqlrc", "path: /etc/sudoers.d/runner"],
  ["a file in place of the init process, by the image's link", "path: /etc/sqlrc", "path: /bin/tini"],
  ["a file in place of the runner, by the link for other images", "path: /etc/sqlrc", "path: /actions-runner/run.sh"],
  ["the link for other images itself", "path: /etc/sqlrc", "path: /actions-runner"],
  ["a link of the merged /usr itself", "path: /etc/sqlrc", "path: /lib64"],
  ["a file in place of Node.js", "path: /etc/sqlrc", "path: /usr/local/bin/node"],
  ["a link in place of a tool's own", "/usr/local/bin/sql: usql", "/usr/local/bin/npm: usql"],
  ["a file in place of a hook's link", "path: /etc/sqlrc", "path: /usr/local/bin/job-started.sh"],
  ["a file in place of the shell that start-up runs", "path: /etc/sqlrc", "path: /bin/bash"],
  ["a file where the kernel's is, by a link", "path: /etc/sqlrc", "path: /var/run/../proc/a"],
  [
    "a file in place of the runner, by the definition's own link",
    /sql: usql([^]*)\/etc\/sqlrc/,
    "sql: usql\n      /opt/x: ../home$1/opt/x/runner/run.sh",
  ],
  ["links in a circle", /sql: usql([^]*)\/etc\/sqlrc/, "sql: usql\n      /opt/x: x$1/opt/x/a"],
  ["a place with a zero byte", "path: /etc/sqlrc", 'path: "/etc/a\\0b"'],
  ["a place of two lines", "path: /etc/sqlrc", 'path: "/etc/a\\nb"'],
  ["a place with a character that turns the text around", "path: /etc/sqlrc", 'path: "/etc/a\\u202Eb"'],
  ["a link's target with a zero byte", "sql: usql", 'sql: "a\\0b"'],
  ["a command with a zero byte", "command: psql --version", 'command: "psql\\0"'],
  [
    "a URL of two lines",
    "url: https://example.test/v0.10/usql-amd64",
    'url: "https://exam\\nple.test/usql"\n        # ',
  ],
  ["a variable named __proto__", "PGCONNECT_TIMEOUT: 10", "__proto__: 10"],
  ["a key named __proto__", "title: Databases", "__proto__: {}"],
  ["a file and a link in one place", "path: /etc/sqlrc", "path: /usr/local/bin/sql"],
  [
    "a file of the variant that is extended",
    /extends: standard([^]*)\/etc\/sqlrc/,
    "extends: chrome$1/usr/local/bin/chromium",
  ],
  ["a file with setuid", "mode: 0640", "mode: 4755"],
  ["a variable's name that cannot be", "PGCONNECT_TIMEOUT: 10", "PG-TIMEOUT: 10"],
  ["a variable that looks like a secret", "PGCONNECT_TIMEOUT: 10", "PG_PASSWORD: hunter2"],
  [
    "a PATH without the folders of the variant",
    "PATH: /opt/db/bin:/home/runner/.local/bin:/home/runner/.npm-global/bin:/usr/local/sbin:/usr/local/bin:",
    "PATH: /opt/db/bin:/usr/local/bin:",
  ],
  ["a PATH with a variable", "PATH: /opt/db/bin:", "PATH: $$PATH:"],
  ["a value that is no text", "PGCONNECT_TIMEOUT: 10", "PGCONNECT_TIMEOUT: [10]"],
  ["a value that one platform lacks", ", linux/arm64: /etc/arm", ""],
  ["a value for a platform that does not exist", "linux/arm64: /etc/arm", "linux/arm46: /etc/arm"],
  ["a platform's value that is no text", "linux/arm64: /etc/arm", "linux/arm64: [/etc/arm]"],
  ["a platform's value with a zero byte", "linux/arm64: /etc/arm", 'linux/arm64: "\\0"'],
  [
    "a platform's PATH without the folders of the variant",
    /PGSYSCONFDIR: ([^]*)\/etc\/arm}\n {2}PATH: .*/,
    "PATH: $1/opt/arm:/bin}",
  ],
  ["a finding of a check that does not exist", "check: files/setuid", "check: files/setgid"],
  ["a finding of a check that is not about files", "check: files/setuid", "check: config/user"],
  ["a finding without a path", "finding: /usr/lib/*/helper 4755", "finding: helper 4755"],
  ["an accepted finding without a reason", "    reason: the helper is needed\n", ""],
  [
    "a finding that is accepted twice",
    "accept:\n",
    "accept:\n  - {check: files/setuid, finding: /usr/lib/*/helper 4755, reason: twice}\n",
  ],
  ["no checks", /checks:\n[^]*/, "checks: []\n"],
  ["an empty command", "command: psql --version", "command: ''"],
  ["two checks of one name", "name: refused", "name: version"],
  ["a check that expects nothing", "      matches: PostgreSQL.* 17\n", "      {}\n"],
  [
    "a check that expects two things",
    "      matches: PostgreSQL.* 17",
    "      matches: PostgreSQL.* 17\n      equals: psql",
  ],
  ["a pattern that is none", "PostgreSQL.* 17", "PostgreSQL(.* 17"],
  ["a key that is there twice", "title: Databases", "name: other\ntitle: Databases"],
  ["text that is no YAML", "packages: [", "packages: [["],
  ["several errors, in their order", /standard([^]*)tar\n([^]*)17/, "standart$1tgz\n$2(17"],
]

describe("a definition file is refused with line and column for", () => {
  it.each(ISSUES)("%s", (_, from, to) => {
    const text = WHOLE.replace(from, to)
    expect(text).not.toBe(WHOLE)
    expect(refusal(text).join("\n")).toMatchSnapshot()
  })

  it("not for a name that every object has", () => {
    const text = WHOLE.replace("PGCONNECT_TIMEOUT: 10", "constructor: 10\n  prototype: 11")
    const { name, definition } = parseCustomVariant(text.replace("name: databases", "name: constructor"), "a.yaml")
    expect(name).toBe("constructor")
    expect(Object.entries(definition.environment)).toEqual(expect.arrayContaining([["constructor", "10"]]))
  })

  it("aliases of aliases, which stand for more than fits into memory", () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
    const bomb = names.map((name, index) =>
      index === 0
        ? `a: &a [x, x, x, x, x, x, x, x, x]`
        : `${name}: &${name} [${`*${names[index - 1] ?? ""}, `.repeat(9)}]`,
    )
    expect(refusal(bomb.join("\n"))).toMatchInlineSnapshot(`
      [
        "databases.yaml: cannot be read: Excessive alias count indicates a resource exhaustion attack",
      ]
    `)
  })

  it("more text than anyone writes", () => {
    expect(refusal(`${WHOLE}#${" ".repeat(LONGEST_DEFINITION)}`)).toMatchInlineSnapshot(`
      [
        "databases.yaml: has more than 100000 characters; put long texts into the archive of a tool",
      ]
    `)
  })

  it("nesting without end", () => {
    for (const text of ["[".repeat(20_000), `${'{"a":'.repeat(2000)}1${"}".repeat(2000)}`])
      expect(refusal(text)).toEqual(["databases.yaml: it is nested deeper than 200 levels"])
  })
})

/** The lines of the message, one for each error. */
function refusal(text: string): string[] {
  try {
    parseCustomVariant(text, "databases.yaml")
  } catch (error) {
    if (!(error instanceof RunnerImagesError) || error.code !== "DEFINITION_INVALID") throw error
    expect(error.exitCode).toBe(2)
    return error.problem
      .split("\n")
      .slice(1)
      .map((line) => line.trim())
  }
  return []
}
