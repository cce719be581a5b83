import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { execa } from "execa"
import { describe, expect, it } from "vitest"
import { failure, refusal, ROOT, WORK } from "../../unit/cli/command-line.js"

writeFileSync(join(WORK, "file"), "")
writeFileSync(join(WORK, "lock.json"), "{")
mkdirSync(join(WORK, "own/standard"), { recursive: true })
writeFileSync(join(WORK, "own/standard/thesis.txt"), "")

describe.concurrent("a user's error is answered before any work, with exit code 2 and", () => {
  it("an unknown platform", async ({ expect }) => {
    expect(await failure(["build", "--platforms", "linux/riscv64"])).toMatchInlineSnapshot(`
      "2
      error: "linux/riscv64" is not a platform that images are built for. [PLATFORM_INVALID]
      Choose from linux/amd64, linux/arm64."
    `)
  })
  it("a misspelt platform", async ({ expect }) => {
    expect(await failure(["build", "--platforms", "linux/amd46"])).toMatchInlineSnapshot(`
      "2
      error: "linux/amd46" is not a platform that images are built for. [PLATFORM_INVALID]
      Did you mean linux/amd64?"
    `)
  })
  it("an architecture alone", async ({ expect }) => {
    expect(await failure(["test", "--platforms", "amd64"])).toMatchInlineSnapshot(`
      "2
      error: "amd64" is not a platform that images are built for. [PLATFORM_INVALID]
      Did you mean linux/amd64?"
    `)
  })
  it("a misspelt compression", async ({ expect }) => {
    expect(await failure(["build", "--compression", "zst"])).toMatchInlineSnapshot(`
      "2
      error: "zst" is not a compression for layers. [COMPRESSION_INVALID]
      Did you mean zstd?"
    `)
  })
  it("a mirror with a query, without its secrets", async ({ expect }) => {
    expect(await failure(["build", "--mirror", "https://user:secret@mirror.example.com/?token=secret"]))
      .toMatchInlineSnapshot(`
        "2
        error: The mirror https://mirror.example.com has a query or a fragment, so no path can be appended to it. [MIRROR_INVALID]
        Leave it out: https://mirror.example.com."
      `)
  })
  it("an empty list of platforms", async ({ expect }) => {
    expect(await failure(["build", "--platforms", ""])).toMatchInlineSnapshot(`
      "2
      error: --platforms is empty. [PLATFORM_INVALID]
      Choose from linux/amd64, linux/arm64."
    `)
  })
  it("a platform given twice, in two ways", async ({ expect }) => {
    expect(await failure(["plan", "--platforms", "linux/arm64,linux/amd64", "--platforms", "linux/arm64/v8"]))
      .toMatchInlineSnapshot(`
      "2
      error: --platforms names linux/arm64 twice. [PLATFORM_INVALID]
      Name each platform once."
    `)
  })
  it("another operating system", async ({ expect }) => {
    expect(await failure(["build", "--platforms", "windows/amd64"])).toMatchInlineSnapshot(`
      "2
      error: "windows/amd64" is not a platform that images are built for. [PLATFORM_INVALID]
      Choose from linux/amd64, linux/arm64."
    `)
  })
  it("an unknown variant", async ({ expect }) => {
    expect((await failure(["build", "--variants", "chorme"])).split("\n").slice(0, 2)).toMatchInlineSnapshot(`
      [
        "2",
        "error: There is no variant "chorme". [VARIANT_INVALID]",
      ]
    `)
  })
  it("an unknown place of tools", async ({ expect }) => {
    expect(await failure(["build", "--sources", "nowhere"])).toMatchInlineSnapshot(`
      "2
      error: "nowhere" is not a source of tools. [SOURCES_INVALID]
      Choose from auto, upstream, registry."
    `)
  })
  it("fonts for a variant without a browser", async ({ expect }) => {
    expect(await failure(["build", "--cjk-fonts"])).toMatchInlineSnapshot(`
      "2
      error: --cjk-fonts only applies to variants with a browser, not to standard. [USAGE]
      Leave it out, or give --variants chrome."
    `)
  })
  it("an unknown way to compare with", async ({ expect }) => {
    expect(await failure(["parity", "--against", "emulatd"])).toMatchInlineSnapshot(`
      "2
      error: "emulatd" is not a valid comparison. [USAGE]
      Did you mean emulated?"
    `)
  })
  it("what is no package's name", async ({ expect }) => {
    expect(await failure(["parity", "--against", "emulated", "--packages", "nano=8.4"])).toMatchInlineSnapshot(`
      "2
      error: "nano=8.4" is not a valid package name. [USAGE]
      Give names of the distribution's packages, comma-separated, without versions."
    `)
  })
  it("packages to compare images with", async ({ expect }) => {
    expect(await failure(["parity", "--packages", "nano"])).toMatchInlineSnapshot(`
      "2
      error: --packages has no meaning with --against platforms. [USAGE]
      Leave it out, or use --against emulated."
    `)
  })
  it("sources of tools to compare installations of packages with", async ({ expect }) => {
    expect(await failure(["parity", "--against", "emulated", "--sources", "registry"])).toMatchInlineSnapshot(`
      "2
      error: --sources has no meaning with --against emulated. [USAGE]
      Leave it out, or use --against platforms."
    `)
  })
  it("one platform to compare with the others", async ({ expect }) => {
    expect(await failure(["parity", "--platforms", "linux/arm64"])).toMatchInlineSnapshot(`
      "2
      error: --platforms names linux/arm64 only, so there is nothing to compare it with. [PLATFORM_INVALID]
      Leave --platforms out, or name at least two."
    `)
  })
  it("an unknown command", async ({ expect }) => {
    expect(await failure(["biuld"])).toMatchInlineSnapshot(`
      "2
      error: There is no command "biuld". [USAGE]
      Did you mean build?"
    `)
  })
  it("an unknown command whose help is asked for", async ({ expect }) => {
    expect(await failure(["biuld", "--help"])).toMatchInlineSnapshot(`
      "2
      error: There is no command "biuld". [USAGE]
      Did you mean build?"
    `)
  })
  it("an output folder below a file", async ({ expect }) => {
    expect(await failure(["build", "--output", "file/dist"])).toMatchInlineSnapshot(`
      "2
      error: The output folder <work>/file/dist cannot be created: <work>/file is not a folder. [OUTPUT_UNWRITABLE]
      Choose another with --output."
    `)
  })
  it("a publication of a runner that is not GitHub's, which nobody asked for", async ({ expect }) => {
    expect(
      await failure(["publish", "--sources", "registry", "--repository", "127.0.0.1:5000/runner", "--tags", "try"]),
    ).toMatchInlineSnapshot(`
      "2
      error: The images contain github-act-runner, which is not GitHub's own runner and lacks some of its abilities. [ACT_RUNNER_REFUSED]
      Give --runner act if that is wanted: each tag then ends in -act. For GitHub's, give --runner official where its releases, a mirror or --assets can be had."
    `)
  })
  it("the option of earlier versions for that", async ({ expect }) => {
    expect(await failure(["publish", "--allow-stand-in", "--repository", "127.0.0.1:5000/runner", "--tags", "try"]))
      .toMatchInlineSnapshot(`
      "2
      error: There is no option --allow-stand-in any more: instead of a stand-in, images have github-act-runner where GitHub's own runner is not used. [USAGE]
      To publish them, give --runner act: each tag then ends in -act."
    `)
  })
  it("a runner that does not exist", async ({ expect }) => {
    expect(await failure(["build", "--runner", "offical"])).toMatchInlineSnapshot(`
      "2
      error: "offical" is not a runner. [RUNNER_INVALID]
      Did you mean official?"
    `)
  })
  it("an error as JSON, for programs", async ({ expect }) => {
    const [code, ...lines] = (await failure(["build", "--platforms", "amd64", "--json"])).split("\n")
    expect([code, JSON.parse(lines.join("\n"))]).toMatchInlineSnapshot(`
      [
        "2",
        {
          "error": {
            "code": "PLATFORM_INVALID",
            "exitCode": 2,
            "problem": ""amd64" is not a platform that images are built for.",
            "remedy": "Did you mean linux/amd64?",
          },
        },
      ]
    `)
  })
})

const PUBLISH = [...["publish", "--sources", "upstream"], ...["--repository", "ghcr.io/team/runner", "--tags", "try"]]

describe("further errors:", () => {
  it("no list of platforms at all", async () => {
    expect(await refusal("build", "--platforms")).toMatchInlineSnapshot(`
      "2
      error: --platforms is empty. [PLATFORM_INVALID]
      Choose from linux/amd64, linux/arm64."
    `)
  })
  it("a misspelt variant", async () => {
    expect(await refusal("build", "--variants", "standrad")).toMatchInlineSnapshot(`
      "2
      error: There is no variant "standrad". [VARIANT_INVALID]
      Did you mean standard?"
    `)
  })
  it("a misspelt place of tools", async () => {
    expect(await refusal("build", "--sources", "regsitry")).toMatchInlineSnapshot(`
      "2
      error: "regsitry" is not a source of tools. [SOURCES_INVALID]
      Did you mean registry?"
    `)
  })
  it("an unknown command below another", async () => {
    expect(await refusal("engine", "dwon")).toMatchInlineSnapshot(`
      "2
      error: There is no command "engine dwon". [USAGE]
      Did you mean down?"
    `)
  })
  it.each([
    ["an unknown command's help, after an option", ["--sources", "registry", "biuld", "--help"], '"biuld"', "build"],
    ["help of an unknown command below another", ["engine", "dwon", "--help"], '"engine dwon"', "down"],
    ["help of an unknown command below catalog", ["catalog", "outdatde", "--help"], '"catalog outdatde"', "outdated"],
    ["an unknown command's help, as a word", ["biuld", "help"], '"biuld"', "build"],
    ["an unknown command's version", ["biuld", "--version"], '"biuld"', "build"],
  ])("%s", async (_case, words, unknown, meant) => {
    expect(await refusal(...words)).toBe(`2\nerror: There is no command ${unknown}. [USAGE]\nDid you mean ${meant}?`)
  })
  it("an unknown option", async () => {
    expect(await refusal("build", "--plattforms", "linux/amd64")).toMatchInlineSnapshot(`
      "2
      error: There is no option "--plattforms" here. [USAGE]
      Did you mean --platforms?"
    `)
  })
  it("a word too many", async () => {
    expect(await refusal("build", "standard")).toMatchInlineSnapshot(`
      "2
      error: build does not take "standard". [USAGE]
      Run runner-images build --help to see what it takes."
    `)
  })
  it("an option given twice", async () => {
    expect(await refusal("build", "--output", "a", "--output", "b")).toMatchInlineSnapshot(`
      "2
      error: --output is given more than once. [USAGE]
      Give it once."
    `)
  })
  it("an output folder that is a file", async () => {
    expect(await refusal("build", "--output", join(WORK, "file"))).toMatchInlineSnapshot(`
      "2
      error: The output folder <work>/file is not a folder. [OUTPUT_UNWRITABLE]
      Choose another with --output."
    `)
  })
  it("an output folder with somebody's own files", async () => {
    expect(await refusal("build", "--output", join(WORK, "own"))).toMatchInlineSnapshot(`
      "2
      error: <work>/own/standard contains files that no build wrote, and a build would replace them. [OUTPUT_UNWRITABLE]
      Move them away, or choose another --output."
    `)
  })
  it("a folder of archives that does not exist", async () => {
    expect(await refusal("build", "--assets", join(WORK, "nowhere"))).toMatchInlineSnapshot(`
      "2
      error: --assets: <work>/nowhere does not exist. [USAGE]
      Give the path of a folder."
    `)
  })
  it("a lock file that does not exist", async () => {
    expect(await refusal("build", "--lock", join(WORK, "nowhere.json"))).toMatchInlineSnapshot(`
      "2
      error: --lock: <work>/nowhere.json does not exist. [LOCK_INVALID]
      Give the path of a file."
    `)
  })
  it("a lock file that is no report", async () => {
    const [code, ...lines] = (await refusal("build", "--lock", join(WORK, "lock.json"))).split("\n")
    expect([code, lines.at(0)?.slice(0, 30), lines.at(-1)]).toMatchInlineSnapshot(`
      [
        "2",
        "error: The lock cannot be used",
        "Give the report.json of an earlier build.",
      ]
    `)
  })
  it("certificate authorities without a certificate", async () => {
    expect(await refusal("build", "--ca-bundle", join(WORK, "file"))).toMatchInlineSnapshot(`
      "2
      error: --ca-bundle: <work>/file contains no PEM certificate. [USAGE]
      Give a bundle in PEM format."
    `)
  })
  it("a publication without a tag", async () => {
    expect(await refusal("publish", "--sources", "registry", "--runner", "act", "--repository", "ghcr.io/team/runner"))
      .toMatchInlineSnapshot(`
      "2
      error: No tag is given, and there is no default. [REFERENCE_INVALID]
      Name at least one, as in --tags 2026.11,latest."
    `)
  })
  it("a publication without a repository", async () => {
    expect(await refusal("publish", "--sources", "upstream", "--tags", "try")).toMatchInlineSnapshot(`
      "2
      error: --repository is missing. [USAGE]
      Give host[:port]/path, as in ghcr.io/OWNER/github-runner."
    `)
  })
  it("a password on the command line", async () => {
    expect(await refusal("publish", "--password", "hunter2")).toMatchInlineSnapshot(`
      "2
      error: There is no option --password: command lines end up in process lists, shell histories and logs. [USAGE]
      Use --password-env NAME or --password-file FILE."
    `)
  })
  it("a password without a user name", async () => {
    expect(await refusal(...PUBLISH, "--password-env", "PATH")).toMatchInlineSnapshot(`
      "2
      error: A password is given without --username. [USAGE]
      Add --username."
    `)
  })
  it("a user name without a password", async () => {
    expect(await refusal(...PUBLISH, "--username", "me")).toMatchInlineSnapshot(`
      "2
      error: --username is given without a password. [USAGE]
      Add --password-env NAME or --password-file FILE."
    `)
  })
  it("a password from a variable that is not set", async () => {
    expect(await refusal(...PUBLISH, "--username", "me", "--password-env", "NO_SUCH_VARIABLE")).toMatchInlineSnapshot(`
      "2
      error: --password-env: the environment variable NO_SUCH_VARIABLE is not set or is empty. [USAGE]
      Set NO_SUCH_VARIABLE."
    `)
  })
  it("a password from an empty file", async () => {
    expect(await refusal(...PUBLISH, "--username", "me", "--password-file", join(WORK, "file"))).toMatchInlineSnapshot(`
      "2
      error: --password-file: <work>/file is empty. [USAGE]
      Write the password or token into it."
    `)
  })
  it("an option without its value", async () => {
    expect(await refusal("build", "--output")).toMatchInlineSnapshot(`
      "2
      error: --output has no value. [USAGE]
      Give a value after it."
    `)
  })
  it("an option of two words without its value", async () => {
    expect(await refusal("build", "--ca-bundle", "--sudo")).toMatchInlineSnapshot(`
      "2
      error: --ca-bundle has no value. [USAGE]
      Give a value after it."
    `)
  })
  it("an unknown option of a command that is loaded on demand", async () => {
    expect(await refusal("engine", "up", "--registry-prot", "5001")).toMatchInlineSnapshot(`
      "2
      error: There is no option "--registry-prot" here. [USAGE]
      Did you mean --registry-port?"
    `)
  })
  it("an option that only other commands have", async () => {
    expect(await refusal("plan", "--archive")).toMatchInlineSnapshot(`
      "2
      error: There is no option "--archive" here. [USAGE]
      Run runner-images plan --help to list what it takes."
    `)
  })
  it("an unknown option of two words", async () => {
    expect(await refusal("catalog", "update", "runner", "--max-agee", "30")).toMatchInlineSnapshot(`
      "2
      error: There is no option "--max-agee" here. [USAGE]
      Run runner-images catalog update --help to list what it takes."
    `)
  })
  it("a negated option", async () => {
    expect(await refusal("build", "--no-sudo")).toMatchInlineSnapshot(`
      "2
      error: There is no option "--no-sudo" here. [USAGE]
      Run runner-images build --help to list what it takes."
    `)
  })
  it("a command without the one below it", async () => {
    expect(await refusal("engine")).toMatchInlineSnapshot(`
      "2
      error: Give one of: up, down, status, logs, prune, image. [USAGE]
      Run runner-images --help."
    `)
  })
})

describe("an output folder that cannot be written", () => {
  const folder = join(WORK, "read-only")
  mkdirSync(folder)

  it.skipIf(process.getuid?.() === 0)("for want of permission", async () => {
    chmodSync(folder, 0o555)
    expect(await failure(["build", "--output", "read-only/dist"])).toBe(
      "2\n" +
        "error: The output folder <work>/read-only/dist cannot be created: <work>/read-only cannot be written by this user. [OUTPUT_UNWRITABLE]\n" +
        "Choose another with --output, or change its permissions.",
    )
  })

  // Root may write anywhere but on a read-only mount, which lives as long as the namespace it is made in.
  it.skipIf(process.getuid?.() !== 0)("on a read-only file system", async () => {
    const { exitCode, stderr } = await execa({
      reject: false,
      cwd: WORK,
      env: { _EXPERIMENTAL_DAGGER_RUNNER_HOST: `unix://${WORK}/no-engine.sock` },
    })`unshare --mount sh -c ${`mount -t tmpfs -o ro tmpfs read-only && exec ${ROOT}/runner-images build --output read-only/dist`}`
    expect(exitCode).toBe(2)
    expect(stderr.replaceAll(WORK, "<work>")).toMatchInlineSnapshot(`
      "error: The output folder <work>/read-only/dist cannot be created: <work>/read-only cannot be written: it is on a read-only file system. [OUTPUT_UNWRITABLE]
      Choose another with --output, or change its permissions."
    `)
  })
})

describe("an engine that does not answer", () => {
  it("is named, with exit code 1", async () => {
    expect(await failure(["build", "--sources", "registry"])).toMatchInlineSnapshot(`
      "1
      Engine: environment, _EXPERIMENTAL_DAGGER_RUNNER_HOST is set to unix://<work>/no-engine.sock
      error: No Dagger engine answers at unix://<work>/no-engine.sock: connect ENOENT <work>/no-engine.sock. [ENGINE_UNAVAILABLE]
      Start that engine, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to let runner-images find one."
    `)
  })
})
