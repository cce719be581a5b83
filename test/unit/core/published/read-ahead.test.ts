import { describe, expect, it } from "vitest"
import { ReadAhead } from "../../../../dagger/src/core/published/read-ahead.js"
import { MemoryRegistry, publishImage, REPOSITORY } from "./memory-registry.js"

/** A registry with one image, of which the tag and the manifest were read, and the questions that reach it. */
function readAhead(complete: boolean) {
  const registry = new MemoryRegistry()
  const digest = publishImage(registry, { tags: ["latest"] })
  const absent = `sha256:${"0".repeat(64)}`
  const asked: string[] = []
  const spied = new Proxy(registry, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== "function") return value
      return (...words: unknown[]): unknown => {
        asked.push([name, ...words.slice(1)].map(String).join(" "))
        return Reflect.apply(value, target, words)
      }
    },
  })
  const text = registry.repositories.get(REPOSITORY)?.manifests.get(digest) ?? ""
  const known = {
    ...{ complete, tags: { latest: digest, absent: null }, manifests: { [digest]: text, [absent]: null } },
    ...{ referrers: { [digest]: [] }, blobs: { "sha256:1": "a blob" } },
  }
  return { images: new ReadAhead(spied, REPOSITORY, known), asked, digest, absent, text }
}

describe("what was read ahead", () => {
  it("is not asked for again", async () => {
    const { images, asked, digest, absent, text } = readAhead(true)
    expect([await images.find(REPOSITORY, ":latest"), await images.find(REPOSITORY, `@${digest}`)]).toEqual([
      text,
      text,
    ])
    for (const name of [":absent", ":another", `@${absent}`])
      expect(await images.find(REPOSITORY, name)).toBeUndefined()
    expect(await images.tags(REPOSITORY)).toEqual(["absent", "latest"])
    expect(await images.blob(REPOSITORY, "sha256:1")).toBe("a blob")
    expect(await images.referrers(REPOSITORY, digest)).toEqual([])
    expect(asked).toEqual([])
  })

  it("leaves the rest to the registry: other tags, if not all were read, and other repositories", async () => {
    const { images, asked, digest, absent } = readAhead(false)
    expect(await images.find(REPOSITORY, ":another")).toBeUndefined()
    expect(await images.tags(REPOSITORY)).toEqual(["latest"])
    await images.referrers(REPOSITORY, absent)
    expect(await images.find("ghcr.io/owner/other", ":latest")).toBeUndefined()
    expect(await images.find(REPOSITORY, ":constructor")).toBeUndefined()
    await expect(images.blob(REPOSITORY, absent)).rejects.toThrow(absent)
    expect(asked).toEqual([
      "find :another",
      "tags",
      `referrers ${absent}`,
      "find :latest",
      "find :constructor",
      `blob ${absent}`,
    ])
    expect(digest).toMatch(/^sha256:/)
  })

  it.each<[string, (images: ReadAhead, digest: string) => Promise<unknown>]>([
    ["a tag was set", (images, digest) => images.tag(REPOSITORY, digest, "other")],
    [
      "something was attached",
      (images, subject) =>
        images.attach(REPOSITORY, { subject, artifactType: "a/b", mediaType: "a/b", annotations: {}, content: "" }),
    ],
    ["something was deleted", (images, digest) => images.delete(REPOSITORY, digest)],
  ])("is forgotten once %s", async (_, change) => {
    const { images, asked, digest } = readAhead(true)
    await change(images, digest)
    asked.length = 0
    await images.find(REPOSITORY, ":latest")
    await images.tags(REPOSITORY)
    expect(asked).toEqual(["find :latest", "tags"])
  })
})
