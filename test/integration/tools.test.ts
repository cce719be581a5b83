import { connection, dag } from "@dagger.io/dagger"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { openEngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { script } from "../../dagger/src/pipeline/engine/script.js"
import { withTool } from "../../dagger/src/pipeline/image/tools.js"
import { hostUploads } from "../../src/session/host-uploads.js"
import { DOCKER_FOLDER } from "../../src/host/paths.js"

/** An upstream archive of the GitHub CLI's form, made here. */
const folder = mkdtempSync(join(tmpdir(), "runner-images-assets-"))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})
const name = "gh_9.9.9_linux_amd64.tar.gz"
mkdirSync(join(folder, "gh_9.9.9_linux_amd64/bin"), { recursive: true })
writeFileSync(join(folder, "gh_9.9.9_linux_amd64/bin/gh"), "#!/bin/sh\necho gh version 9.9.9\n", { mode: 0o755 })
execFileSync("tar", ["-czf", name, "gh_9.9.9_linux_amd64"], { cwd: folder })
const sha256 = createHash("sha256")
  .update(readFileSync(join(folder, name)))
  .digest("hex")

const place = async (expected: string) => {
  const engineHost = await openEngineHost(hostUploads())
  const sources = { docker: DOCKER_FOLDER, assets: dag.host().directory(folder) }
  const tool = {
    name: "gh",
    from: "upstream",
    version: "9.9.9",
    url: `https://example.test/v9.9.9/${name}`,
    sha256: expected,
  } as const
  return withTool(engineHost, engineHost.container, tool, sources)
}

describe("an upstream archive from the assets folder", () => {
  it("is unpacked to where the catalog says, and nothing beside it", async () => {
    await connection(async () => {
      const image = await place(sha256)
      expect(await image.withExec(["gh", "--version"]).stdout()).toBe("gh version 9.9.9\n")
      expect(await image.directory("/usr/local/bin").entries()).toEqual(["gh"])
    })
  })

  it("with another checksum is refused, naming file, expected and actual", async () => {
    await connection(async () => {
      await expect(place("0".repeat(64))).rejects.toMatchObject({
        code: "DOWNLOAD_MISMATCH",
        problem: expect.stringMatching(new RegExp(`${name}.*expected sha256 0{64}, actual ${sha256}`)) as string,
      })
    })
  })
})

describe("a tool of a definition file", () => {
  /** Every kind of file that a URL may lead to, each with the same program, and where it is put. */
  const HELLO = "#!/bin/sh\necho hello 1.0\n"
  const ZIP =
    "UEsDBBQAAAAAAIMYIlx7HlioGQAAABkAAAATAAAAaGVsbG8tMS4wL2Jpbi9oZWxsbyMhL2Jpbi9zaAplY2hvIGhlbGxvIDEuMApQSwMEFAAAAAAAgxgiXAWmoeUIAAAACAAAABAAAABoZWxsby0xLjAvUkVBRE1FcmVhZCBtZQpQSwECFAMUAAAAAACDGCJcex5YqBkAAAAZAAAAEwAAAAAAAAAAAAAA7YEAAAAAaGVsbG8tMS4wL2Jpbi9oZWxsb1BLAQIUAxQAAAAAAIMYIlwFpqHlCAAAAAgAAAAQAAAAAAAAAAAAAACkgUoAAABoZWxsby0xLjAvUkVBRE1FUEsFBgAAAAACAAIAfwAAAIAAAAAAAA=="
  mkdirSync(join(folder, "hello-1.0/bin"), { recursive: true })
  writeFileSync(join(folder, "hello-1.0/bin/hello"), HELLO, { mode: 0o755 })
  writeFileSync(join(folder, "hello-1.0/README"), "read me\n")
  // The names say nothing of what is inside, as many URLs do not.
  execFileSync("tar", ["-czf", "hello-tar", "hello-1.0"], { cwd: folder })
  writeFileSync(join(folder, "hello-zip"), Buffer.from(ZIP, "base64"))
  writeFileSync(join(folder, "hello-program"), HELLO)

  it.each([
    ["tar", { kind: "tar", strip: 1, into: "/opt/hello", only: ["bin/hello"] }, "/opt/hello/bin/hello"],
    ["zip", { kind: "zip", strip: 1, into: "/opt/hello" }, "/opt/hello/README\n/opt/hello/bin/hello"],
    ["program", { kind: "program", path: "/opt/hello/bin/hello" }, "/opt/hello/bin/hello"],
  ] as const)("comes from its URL as %s, with its links", async (kind, unpack, files) => {
    const url = `https://example.test/1.0/hello-${kind}`
    const text = readFileSync(join(folder, `hello-${kind}`))
    const tool = {
      name: "hello",
      from: "definition",
      version: "1.0",
      url,
      sha256: createHash("sha256").update(text).digest("hex"),
      unpack,
      links: { "/usr/local/bin/hello": "/opt/hello/bin/hello", "/usr/local/bin/hi": "hello" },
    } as const
    let said = ""
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads())
      const sources = { docker: DOCKER_FOLDER, assets: dag.host().directory(folder) }
      const image = await withTool(engineHost, engineHost.container, tool, sources)
      said = await image
        .withExec(["sh", "-ec", "hi; find /opt/hello -type f | sort; stat -c %U:%a /opt/hello/bin/hello"])
        .stdout()
    })
    expect(said).toBe(`hello 1.0\n${files}\nroot:755\n`)
  })
})

describe("an archive's entries", () => {
  /** A tar made in a container, and what unpack.sh says or leaves of it. */
  const unpacked = async (make: string) => {
    let said = ""
    await connection(async () => {
      const { toolbox } = await openEngineHost(hostUploads())
      const unpack = "sh /plan/unpack.sh /archive.tar 0 2>&1 || { echo exit $?; exit; }; stat -c '%A %n' /unpacked/*"
      said = await toolbox
        .withNewFile("/plan/unpack.sh", script("unpack.sh"))
        .withWorkdir("/made")
        .withExec(["sh", "-ec", `${make}; tar -cf /archive.tar *; cd /; ${unpack}`])
        .stdout()
    })
    return said
  }

  it("lose the rights to change identity, and others' to write", async () => {
    const make = "echo a > a; chmod 6777 a; mkdir b; chmod 7777 b; ln -s a c; ln a d"
    expect(await unpacked(make)).toBe(
      "-rwxr-xr-x /unpacked/a\ndrwxr-xr-x /unpacked/b\nlrwxrwxrwx /unpacked/c\n-rwxr-xr-x /unpacked/d\n",
    )
  })

  it("that are neither file, folder nor link are refused", async () => {
    expect(await unpacked("echo a > a; mkfifo pipe")).toMatch(
      /^the archive has an entry that is neither file, folder nor link: prw\S+ root\/root .* pipe\nexit 5\n$/,
    )
  })
})

it("a package of the npm registry that is built when it is installed is refused", async () => {
  const manifest = { name: "built", version: "1.0.0", scripts: { test: "true", install: "node-gyp rebuild" } }
  // Packed twice alike, so the checksum is right; npm takes a folder for a package.
  const fetch = `
    file=$(npm pack --silent /package)
    integrity="sha512-$(openssl dgst -sha512 -binary "$file" | openssl base64 -A)"
    sh /plan/fetch-npm.sh /package "$integrity" "$NEEDLESS" 1 2>&1 || echo "exit $?"`
  const output: string[] = []
  await connection(async () => {
    const { toolbox } = await openEngineHost(hostUploads())
    const container = toolbox
      .withNewFile("/package/package.json", JSON.stringify(manifest))
      .withNewFile("/plan/fetch-npm.sh", script("fetch-npm.sh"))
      .withNewFile("/plan/unpack.sh", script("unpack.sh"))
      .withWorkdir("/download")
    for (const needless of ["", "preinstall postinstall", "preinstall install"])
      output.push(await container.withEnvVariable("NEEDLESS", needless).withExec(["sh", "-ec", fetch]).stdout())
    const plain = JSON.stringify({ ...manifest, scripts: { test: "true" } })
    const whole = container.withNewFile("/package/package.json", plain).withEnvVariable("NEEDLESS", "")
    output.push(await whole.withExec(["sh", "-ec", `${fetch}; ls /unpacked`]).stdout())
  })
  expect(output).toEqual([
    "/package has to be built when it is installed (install), which is not done for another platform\nexit 4\n",
    "/package has to be built when it is installed (install), which is not done for another platform\nexit 4\n",
    "",
    "package.json\n",
  ])
})
