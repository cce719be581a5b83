import { describe, expect, it } from "vitest"
import { standardAnnotations } from "../../../../dagger/src/core/plan/annotations.js"
import {
  blobPath,
  canonicalJson,
  digestOf,
  manifestSchema,
  LAYER_MEDIA_TYPE,
  MEDIA_TYPE,
  parseDocument,
} from "../../../../dagger/src/core/oci/documents.js"

describe("canonicalJson", () => {
  it("sorts the keys of objects at every depth and leaves lists alone", () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, "z", "a"], a: { y: true, x: undefined } })).toBe(
      '{"a":{"y":true},"b":[{"c":null,"d":1},"z","a"]}',
    )
  })
})

describe("digestOf", () => {
  it("is the sha256 of the UTF-8 bytes", () => {
    expect(digestOf("")).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    expect(digestOf("ü")).toBe(digestOf(Uint8Array.of(0xc3, 0xbc)))
  })

  it("leads to the blob's file", () => {
    expect(blobPath("sha256:ab")).toBe("blobs/sha256/ab")
  })
})

describe("parseDocument", () => {
  const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf(""), size: 0 })
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: descriptor(MEDIA_TYPE.config),
    layers: [descriptor(LAYER_MEDIA_TYPE.gzip)],
    subject: { kept: true },
  }

  it("keeps fields that it does not know", () => {
    expect(parseDocument(manifestSchema, JSON.stringify(manifest), "manifest")).toEqual(manifest)
  })

  it.each([
    [
      "layers that clients cannot read",
      { layers: [descriptor("application/vnd.oci.image.layer.v1.tar+xz")] },
      /manifest: layers\.0\.mediaType/,
    ],
    [
      "Docker's media types",
      { mediaType: "application/vnd.docker.distribution.manifest.v2+json" },
      /manifest: mediaType/,
    ],
    ["no layers", { layers: [] }, /manifest: layers/],
  ])("refuses %s and says where", (_case, change, problem) => {
    expect(() => parseDocument(manifestSchema, JSON.stringify({ ...manifest, ...change }), "manifest")).toThrow(problem)
  })
})

describe("standardAnnotations", () => {
  it("has OCI's keys for what is known", () => {
    expect(
      standardAnnotations({
        title: "runner",
        description: "A runner",
        version: "1.2.3",
        created: "2026-01-02T03:04:05Z",
        licenses: "Apache-2.0",
        base: { name: "docker.io/library/debian:13", digest: "sha256:abc" },
      }),
    ).toEqual({
      "org.opencontainers.image.title": "runner",
      "org.opencontainers.image.description": "A runner",
      "org.opencontainers.image.version": "1.2.3",
      "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.base.name": "docker.io/library/debian:13",
      "org.opencontainers.image.base.digest": "sha256:abc",
    })
  })
})
