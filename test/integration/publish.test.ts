import { connection, dag, type Service } from "@dagger.io/dagger"
import { generateKeyPairSync, randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../dagger/src/core/errors.js"
import { digestOf } from "../../dagger/src/core/oci/documents.js"
import { layoutImages } from "../../dagger/src/core/evidence/layout-images.js"
import { readPublished } from "../../dagger/src/core/evidence/published-image.js"
import { readSigningKey } from "../../dagger/src/core/evidence/signing-key.js"
import { keyTrust } from "../../dagger/src/core/evidence/trust.js"
import { verifyImage } from "../../dagger/src/core/evidence/verification.js"
import { parsePlatforms } from "../../dagger/src/core/platforms.js"
import { parseRepository } from "../../dagger/src/core/text/reference.js"
import type { VariantName } from "../../dagger/src/core/variants/names.js"
import { openEngineHost, type EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { asPlatform } from "../../dagger/src/pipeline/engine/platform.js"
import { Progress } from "../../dagger/src/core/progress/progress.js"
import { checkTarget, publish, type PublishOptions } from "../../dagger/src/pipeline/oci/publish.js"
import { keySigner } from "../../dagger/src/pipeline/evidence/signers.js"
import { Registry } from "../../dagger/src/pipeline/oci/registry.js"
import { loopbackRegistry } from "../../src/runs/registry.js"
import { FAILED, platformReport } from "../unit/core/report/reports.js"
import { BOTH, finishSmall, hostTrust, reportOf } from "./images.js"
import { faultyRegistry, registryService, type Fault } from "./registry-services.js"
import { layoutOf } from "../../dagger/src/pipeline/oci/finish.js"
import { hostUploads } from "../../src/session/host-uploads.js"

const REPOSITORY = "registry.example:5000/team/runner"

async function built(engineHost: EngineHost, greeting?: string, variant: VariantName = "standard") {
  const image = await finishSmall(engineHost, BOTH, { greeting })
  return { variant, report: reportOf(image), directory: layoutOf(image, engineHost) }
}

function optionsFor(engineHost: EngineHost, registry: Service): PublishOptions {
  const how = { tags: ["try"], runner: "act" as const, variantTags: false }
  return { repository: REPOSITORY, ...how, registry, engineHost }
}

/** Asks the registry with skopeo, again each time. */
async function ask(engineHost: EngineHost, registry: Service, command: string) {
  return engineHost.toolbox
    .withServiceBinding("here", registry)
    .withEnvVariable("NONCE", randomUUID())
    .withExec(["sh", "-ec", command])
    .stdout()
}

const raw = (engineHost: EngineHost, registry: Service, name: string) =>
  ask(engineHost, registry, `skopeo inspect --raw --tls-verify=false docker://here:5000/team/runner${name}`)

/** What the registry has of the repository, or why it has nothing. */
const tags = (engineHost: EngineHost, registry: Service) =>
  ask(engineHost, registry, "skopeo list-tags --tls-verify=false docker://here:5000/team/runner 2>&1 || true")

/** The repository's tags, without those that list what refers to an image. */
async function listedTags(engineHost: EngineHost, registry: Service): Promise<string[]> {
  const { Tags: all } = JSON.parse(await tags(engineHost, registry)) as { Tags: string[] }
  return all.filter((tag) => !tag.startsWith("sha256-")).toSorted()
}

/** What is noted on the way. */
function notedIn(lines: string[]): Progress {
  const nothing = () => undefined
  return new Progress({ started: nothing, ended: nothing, warned: nothing, noted: (_, line) => lines.push(line) })
}

describe("publishing", () => {
  it("puts both platforms under every tag, and each runs when it is pulled by digest", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost)
      const image = await built(engineHost)
      const options = { ...optionsFor(engineHost, registry), tags: ["try", "1.2.3"] }
      expect(await publish([image], options)).toEqual([`${REPOSITORY}@${image.report.index ?? ""}`])

      const index = await raw(engineHost, registry, `@${image.report.index ?? ""}`)
      const { manifests } = JSON.parse(index) as { manifests: { digest: string; platform: { architecture: string } }[] }
      expect(manifests.map(({ digest }) => digest)).toEqual(image.report.platforms.map(({ digest }) => digest))
      for (const tag of ["try-act", "1.2.3-act"]) expect(await raw(engineHost, registry, `:${tag}`)).toBe(index)
      expect(await listedTags(engineHost, registry)).toEqual(["1.2.3-act", "try-act"])

      const machines = await Promise.all(
        manifests.map(async ({ digest, platform }) => {
          const [name = "linux/amd64"] = parsePlatforms([`linux/${platform.architecture}`])
          const pulled = engineHost.toolbox
            .withServiceBinding("here", registry)
            .withExec([
              "sh",
              "-ec",
              `skopeo copy --src-tls-verify=false docker://here:5000/team/runner@${digest} oci-archive:/pulled.tar`,
            ])
            .file("/pulled.tar")
          return dag
            .container({ platform: asPlatform(name) })
            .import_(pulled)
            .withExec([], { useEntrypoint: true })
            .stdout()
        }),
      )
      expect(machines).toEqual(["x86_64\n", "aarch64\n"])
    })
  })

  it("puts a variant under its own name, and under its tag beside standard where that is wanted", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost)
      const standard = await built(engineHost)
      const chrome = await built(engineHost, "chrome", "chrome")
      const options = { ...optionsFor(engineHost, registry), tags: ["try", "1.2.3"] }
      const references = [
        `${REPOSITORY}@${standard.report.index ?? ""}`,
        `${REPOSITORY}-chrome@${chrome.report.index ?? ""}`,
      ]

      expect(await publish([standard, chrome], options)).toEqual(references)
      const listed = () => listedTags(engineHost, registry)
      expect(await listed()).toEqual(["1.2.3-act", "try-act"])

      expect(await publish([standard, chrome], { ...options, variantTags: true })).toEqual(references)
      expect(await listed()).toEqual(["1.2.3-act", "chrome-1.2.3-act", "chrome-try-act", "try-act"])
      const index = await raw(engineHost, registry, "-chrome:try-act")
      expect(await raw(engineHost, registry, ":chrome-try-act")).toBe(index)
      expect(await raw(engineHost, registry, ":try-act")).not.toBe(index)
    })
  })

  it("uploads what the registry does not have in any of the repositories, and says what that was", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const images = [await built(engineHost, "one"), await built(engineHost, "two", "chrome")]
      const options = { ...optionsFor(engineHost, registryService(engineHost)), variantTags: true }
      const uploads = async () => {
        const noted: string[] = []
        await publish(images, options, notedIn(noted))
        // Not what refers to the images: it is listed by a tag in each repository, and some of it is the same.
        const parts = (line: string) => line.split("; ").filter((part) => /uploaded|mounted/.test(part))
        return noted
          .filter((line) => line.includes(": uploaded "))
          .map((line) =>
            parts(line)
              .join("; ")
              .replace(/\d[\d.]*/g, "N"),
          )
      }
      const repository = REPOSITORY.replace("5000", "N")
      expect(await uploads()).toEqual([
        `${repository}: uploaded N blobs, N MB`,
        `${repository}-chrome: uploaded N blobs, N MB; N mounted from ${repository}`,
        `${repository}: uploaded nothing; N mounted from ${repository}-chrome`,
      ])
      expect(await uploads()).toEqual(["", "-chrome", ""].map((name) => `${repository}${name}: uploaded nothing`))
    })
  })

  it("attaches signed evidence, which is verified in the registry, and deletes a tag without its image", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const options = { ...optionsFor(engineHost, registryService(engineHost)), tags: ["one", "two"] }
      const image = await built(engineHost)
      const subject = image.report.index ?? ""
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
      const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString()
      const sign = keySigner(readSigningKey(pem, undefined, "the test's key"))
      const pushes: string[] = []
      await publish([image], { ...options, sign }, notedIn(pushes))

      const registry = await Registry.open(REPOSITORY, options)
      const attached = async () => (await registry.referrers(REPOSITORY, subject)).map(({ digest }) => digest)
      const before = await attached()
      // Nothing is signed and attached twice, and another key's signatures are attached beside these.
      await publish([image], { ...options, sign }, notedIn(pushes))
      expect(await attached()).toEqual(before)
      const pushed = pushes.filter((line) => line.includes(": uploaded "))
      const numbers = /\d[\d.]* (blobs|MB|were)/g
      expect(pushed.map((line) => line.replace(/.*: uploaded/, "uploaded").replaceAll(numbers, "N $1"))).toEqual([
        "uploaded N blobs, N MB; 14 referrers, 14 new, listed by tags",
        "uploaded nothing; N were there; 14 referrers, none new, listed by tags",
      ])
      const folder = mkdtempSync(join(tmpdir(), "evidence-"))
      try {
        await (await registry.evidence(REPOSITORY, ":one-act")).export(folder)
        const read = (path: string) => readFile(join(folder, path), "utf8").catch(() => undefined)
        const found = await readPublished(layoutImages(read), `@${subject}`)
        if (!found) throw new Error("the image is not there")
        const trust = keyTrust(publicKey.export({ format: "pem", type: "spki" }).toString(), "the test's key")
        const verified = verifyImage(found, { trust, repository: REPOSITORY, platforms: BOTH })
        expect(verified.findings.filter(({ verdict }) => verdict === "failed")).toEqual([])
        expect(verified).toMatchObject({ digest: subject, verified: true })
        const elsewhere = verifyImage(found, { trust, repository: `${REPOSITORY}-other`, platforms: BOTH })
        expect(elsewhere.verified).toBe(false)
      } finally {
        rmSync(folder, { recursive: true })
      }
      await registry.deleteTag(REPOSITORY, "one-act").then(
        () => expect.unreachable("this registry cannot delete"),
        (error: unknown) => expect(error).toMatchObject({ code: "REGISTRY_FAILED" }),
      )
      // Lists of what refers to the index and to each platform's image, because this registry has none of its own.
      const lists = [subject, ...image.report.platforms.map(({ digest = "" }) => digest)]
      const expected = ["one-act", "two-act", ...lists.map((digest) => digest.replace(":", "-"))]
      expect(await registry.tags(REPOSITORY)).toEqual(expected.toSorted())
    })
  })

  it("is never taken from the cache: a tag that was moved is set again", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost)
      const first = await built(engineHost, "first")
      const second = await built(engineHost, "second")
      expect(second.report.index).not.toBe(first.report.index)
      await publish([first], optionsFor(engineHost, registry))
      const index = await raw(engineHost, registry, ":try-act")
      await publish([second], optionsFor(engineHost, registry))
      expect(await raw(engineHost, registry, ":try-act")).not.toBe(index)
      await publish([first], optionsFor(engineHost, registry))
      expect(await raw(engineHost, registry, ":try-act")).toBe(index)
    })
  })
})

describe("credentials", () => {
  const account = { username: "someone", password: `secret-${randomUUID()}` }

  it("open the registry, and are in no log", async () => {
    let log = ""
    const logOutput = new Writable({
      write(chunk: Buffer, _encoding, done) {
        log += chunk.toString()
        done()
      },
    })
    await connection(
      async () => {
        const engineHost = await openEngineHost(hostUploads(), hostTrust())
        const registry = registryService(engineHost, { ...account, password: "another, for the service's own log" })
        // The service's own set-up has its password in an argument, so that one is not looked for.
        const password = dag.setSecret("password", "another, for the service's own log")
        const options = { ...optionsFor(engineHost, registry), username: account.username, password }
        const image = await built(engineHost)
        expect(await publish([image], options)).toEqual([`${REPOSITORY}@${image.report.index ?? ""}`])

        const wrong = { ...options, password: dag.setSecret("wrong", account.password) }
        const failure = await publish([image], wrong).catch((error: unknown) => error)
        expect(failure).toMatchObject({ code: "AUTHENTICATION" })
        expect(String(failure)).toContain(
          `Could not read ${REPOSITORY}:try-act: the registry answered 401 Unauthorized`,
        )
        expect(String(failure)).not.toContain(account.password)
      },
      { LogOutput: logOutput },
    )
    expect(log).toMatch(/\/usr\/local\/bin\/registry .* push /)
    expect(log).not.toContain(account.password)
    expect(log).not.toContain(Buffer.from(`${account.username}:${account.password}`).toString("base64"))
  })

  it("are asked for where the registry wants some", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost, account)
      const attempt = publish([await built(engineHost)], optionsFor(engineHost, registry))
      await expect(attempt).rejects.toMatchObject({ code: "AUTHENTICATION", exitCode: 4 })
    })
  })

  it("are refused by halves", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const options = { ...optionsFor(engineHost, registryService(engineHost)), username: account.username }
      await expect(publish([await built(engineHost)], options)).rejects.toMatchObject({ code: "USAGE" })
    })
  })
})

describe("before a build", () => {
  const chrome = { variant: "chrome", runner: "act" } as const

  it("is noted what the tags point to", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const options = optionsFor(engineHost, registryService(engineHost))
      const image = await built(engineHost)
      await publish([image], options)
      const noted: string[] = []
      await checkTarget(
        [{ variant: "standard", runner: "act" }, chrome],
        { platforms: parsePlatforms(undefined) },
        options,
        notedIn(noted),
      )
      expect(noted).toEqual([`${REPOSITORY}:try-act is now ${image.report.index ?? ""}, linux/amd64, linux/arm64`])
    })
  })

  it("is found out that the password is wrong", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost, { username: "someone", password: "right" })
      const login = (password: string) => ({ username: "someone", password: dag.setSecret(password, password) })
      const options = optionsFor(engineHost, registry)
      const nothing = notedIn([])
      await checkTarget([chrome], { platforms: parsePlatforms(undefined) }, { ...options, ...login("right") }, nothing)
      await expect(
        checkTarget([chrome], { platforms: parsePlatforms(undefined) }, { ...options, ...login("wrong") }, nothing),
      ).rejects.toMatchObject({
        code: "AUTHENTICATION",
        problem: `Could not start an upload to ${REPOSITORY}-chrome: the registry answered 401 Unauthorized: unauthorized: authentication required.`,
        remedy: "Check the user name and the password or token, which may have expired.",
      })
    })
  })
})

describe("nothing gets into the registry", () => {
  const refused = async (
    change: (
      image: Awaited<ReturnType<typeof built>>,
      engineHost: EngineHost,
    ) => Promise<Parameters<typeof publish>[0][number]>,
    options: Partial<PublishOptions> = {},
  ) => {
    let failure: unknown
    let found = ""
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const registry = registryService(engineHost)
      const image = await change(await built(engineHost), engineHost)
      failure = await publish([image], { ...optionsFor(engineHost, registry), ...options }).catch(
        (error: unknown) => error,
      )
      found = await tags(engineHost, registry)
    })
    expect(found).toContain("repository name not known to registry")
    return failure
  }

  it("when a check failed", async () => {
    const failure = await refused((image) => {
      const [first] = image.report.platforms
      const platforms = [...(first ? [first] : []), platformReport("linux/arm64", { checks: [FAILED] })]
      return Promise.resolve({ ...image, report: { ...image.report, platforms } })
    })
    expect(failure).toMatchObject({ code: "CHECKS_FAILED", exitCode: 3 })
  })

  it("when it is the act runner that nobody asked for", async () => {
    const failure = await refused((image) => Promise.resolve(image), { runner: "auto" })
    expect(failure).toMatchObject({ code: "ACT_RUNNER_REFUSED", exitCode: 2 })
  })

  it("when the image is not the one that was checked", async () => {
    const failure = await refused(async (image, engineHost) => ({
      ...image,
      directory: (await built(engineHost, "another")).directory,
    }))
    expect(failure).toMatchObject({
      code: "BUILD_FAILED",
      problem: expect.stringMatching(/the report names/) as string,
    })
  })
})

describe("a failure between tags", () => {
  /** Publishes one image as 1.2.3 and latest, then a second one through a registry with a fault. */
  const halfMoved = async (fault: Fault) => {
    let failure: unknown
    let told: string[] = []
    let found: Record<string, string> = {}
    let restored: string | undefined
    const digests = { first: "", second: "" }
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const behind = registryService(engineHost)
      const [first, second] = [await built(engineHost, "first"), await built(engineHost, "second")]
      Object.assign(digests, { first: first.report.index, second: second.report.index })
      const named = async (tag: string) => digestOf(await raw(engineHost, behind, `:${tag}`))
      await publish([first], { ...optionsFor(engineHost, behind), tags: ["1.2", "latest"] })
      const registry = faultyRegistry(engineHost, fault, behind)
      const limits = { silence: 5, request: 20, transfer: 120, settle: 10 }
      const options = { ...optionsFor(engineHost, registry), tags: ["latest", "1.2", "1.2.3"], limits }
      const noted: string[] = []
      failure = await publish([second], options, notedIn(noted)).catch((error: unknown) => error)
      told = noted
      found = Object.fromEntries(
        await Promise.all(["1.2.3-act", "1.2-act", "latest-act"].map(async (tag) => [tag, await named(tag)])),
      ) as Record<string, string>
      const [command = ""] =
        failure instanceof RunnerImagesError ? (failure.details.join("\n").match(/skopeo copy .*/) ?? []) : []
      await ask(engineHost, behind, command.replaceAll(REPOSITORY, "here:5000/team/runner") || "false")
      restored = await named("1.2-act")
    })
    const words = (text: string) => text.replaceAll(digests.first, "FIRST").replaceAll(digests.second, "SECOND")
    const error = failure as RunnerImagesError
    return {
      ...{
        code: error.code,
        problem: words(error.problem),
        details: error.details.map(words),
        told: told.filter((line) => line.startsWith("to be tagged")).map(words),
      },
      found: Object.fromEntries(Object.entries(found).map(([tag, digest]) => [tag, words(digest)])),
      restored: words(restored ?? ""),
    }
  }

  const account = [
    "2 of 3 tags were set:",
    `  set: ${REPOSITORY}:1.2.3-act, new, to SECOND`,
    `  set: ${REPOSITORY}:1.2-act, from FIRST to SECOND`,
    `  not set: ${REPOSITORY}:latest-act, which still points to FIRST`,
    "To continue, publish again. To undo, after skopeo login if the registry requires it:",
    `  ${REPOSITORY}:1.2.3-act: delete this tag, but not its image, with the registry's own tools`,
    `  ${REPOSITORY}:1.2-act: skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false ` +
      `docker://${REPOSITORY}@FIRST docker://${REPOSITORY}:1.2-act`,
  ]
  const told = [
    `to be tagged: ${REPOSITORY}:1.2.3-act, new, to SECOND`,
    `to be tagged: ${REPOSITORY}:1.2-act, from FIRST to SECOND`,
    `to be tagged: ${REPOSITORY}:latest-act, from FIRST to SECOND`,
  ]
  const found = { "1.2.3-act": "SECOND", "1.2-act": "SECOND", "latest-act": "FIRST" }

  it("names the tags that moved, from which digest, and a command that takes one back", async () => {
    const { problem, ...rest } = await halfMoved("no-latest")
    expect(problem).toMatch(
      `Could not write ${REPOSITORY}:latest-act: the registry answered 400 Bad Request: manifest invalid`,
    )
    expect(rest).toEqual({ code: "REGISTRY_FAILED", details: account, told, found, restored: "FIRST" })
  })

  it("does so too when the registry falls silent", async () => {
    expect(await halfMoved("silent-latest")).toEqual({
      code: "REGISTRY_FAILED",
      problem: `Could not tag ${REPOSITORY}:latest-act: nothing was transferred for 5 seconds.`,
      ...{ details: account, told, found, restored: "FIRST" },
    })
  })
})

describe("a registry on the loopback that accepts and says nothing", () => {
  it("is not waited for for ever", async () => {
    const open = new Set<Socket>()
    const silent = createServer((socket) => {
      open.add(socket)
      socket.on("error", () => socket.destroy())
    })
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const { port } = silent.address() as AddressInfo
    try {
      await connection(async () => {
        const engineHost = await openEngineHost(hostUploads(), hostTrust())
        const repository = `127.0.0.1:${String(port)}/team/runner`
        const image = await built(engineHost)
        const { registry } = loopbackRegistry(dag, parseRepository(repository))
        const limits = { silence: 5, request: 20, transfer: 60, settle: 5 }
        const options = { ...optionsFor(engineHost, registry), repository, limits }
        const failure = await publish([image], options).catch((error: unknown) => error)
        expect(open.size).toBeGreaterThan(0)
        expect(failure).toMatchObject({
          code: "REGISTRY_FAILED",
          exitCode: 5,
          problem: `Could not read ${repository}:try-act: nothing was transferred for 5 seconds.`,
        })
      })
    } finally {
      for (const socket of open) socket.destroy()
      silent.close()
    }
  }, 180_000)
})

describe("a registry that misbehaves", () => {
  const against = async (fault: Fault) => {
    let outcome: unknown
    let found = ""
    let index: string | undefined
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const behind = registryService(engineHost)
      const image = await built(engineHost)
      index = image.report.index
      const options = optionsFor(engineHost, faultyRegistry(engineHost, fault, behind))
      outcome = await publish([image], options).catch((error: unknown) => error)
      found = await tags(engineHost, behind)
    })
    return { outcome, found, index: index ?? "" }
  }

  it("is waited for when it is slow to know what it was given", async () => {
    const { outcome, index } = await against("slow-to-know")
    expect(outcome).toEqual([`${REPOSITORY}@${index}`])
  })

  it("is found out when a tag does not lead to what was pushed", async () => {
    const { outcome, index } = await against("another-manifest")
    expect(outcome).toMatchObject({
      code: "REGISTRY_FAILED",
      exitCode: 5,
      problem: expect.stringMatching(
        `Could not read ${REPOSITORY}:try-act: it should be ${index}, but the registry returns sha256:`,
      ) as string,
    })
  })

  it("has no tag when it did not take everything", async () => {
    const { outcome, found } = await against("no-manifests")
    expect(outcome).toMatchObject({
      code: "REGISTRY_FAILED",
      problem: expect.stringMatching(/manifest invalid/) as string,
    })
    expect(found).not.toContain("try-act")
  })

  it("is named when it is not there", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const image = await built(engineHost)
      const options = {
        repository: "registry.invalid/team/runner",
        tags: ["try"],
        runner: "act" as const,
        variantTags: false,
        engineHost,
      }
      await expect(publish([image], options)).rejects.toMatchObject({
        code: "REGISTRY_FAILED",
        problem: expect.stringMatching(/no such host/) as string,
      })
    })
  })

  it("is asked for where the engine would look for it on its own loopback", async () => {
    await connection(async () => {
      const engineHost = await openEngineHost(hostUploads(), hostTrust())
      const { registry: _, ...options } = {
        ...optionsFor(engineHost, registryService(engineHost)),
        repository: "127.0.0.1:5000/runner",
      }
      await expect(publish([await built(engineHost)], options)).rejects.toMatchObject({
        code: "REFERENCE_INVALID",
        remedy: "Pass the registry to the engine: --registry tcp://127.0.0.1:5000.",
      })
    })
  })
})
