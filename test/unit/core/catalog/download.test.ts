import { describe, expect, it } from "vitest"
import { downloadError, readFetchFailure, type Origin } from "../../../../dagger/src/core/catalog/download.js"

const file = { name: "node.tar.xz", url: "https://nodejs.org/dist/node.tar.xz", sha256: "0".repeat(64) }
const vendor: Origin = {
  kind: "url",
  url: "https://user:secret@nodejs.org/dist/node.tar.xz?token=secret",
  mirror: false,
}
const mirror: Origin = { kind: "url", url: "http://mirror.test/nodejs.org/dist/node.tar.xz", mirror: true }

const error = (origin: Origin, kind: string, what: string) => {
  const { code, exitCode, problem, remedy } = downloadError(file, origin, { kind, what })
  return `${code} ${String(exitCode)}\n${problem}\n${remedy}`
}

describe("what fetch-upstream.sh says", () => {
  it("is its last line", () => {
    expect(
      readFetchFailure("node.tar.xz: the server answers 503\nfetch-upstream: http-404: the server answers 404\n"),
    ).toEqual({
      kind: "http-404",
      what: "the server answers 404",
    })
  })

  it.each(["", "sh: 1: curl: not found\n", "fetch-upstream: http-404: the server answers 404\nsomething else"])(
    "is nothing when something else failed: %j",
    (stderr) => {
      expect(readFetchFailure(stderr)).toBeUndefined()
    },
  )
})

describe("a file that could not be had", () => {
  it("from its vendor, shown without secrets", () => {
    expect(error(vendor, "unreachable", "Could not resolve host: nodejs.org")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED 5
      node.tar.xz could not be fetched from https://nodejs.org/dist/node.tar.xz: Could not resolve host: nodejs.org.
      Check the network, pass a folder that contains the file with --assets DIR, or name a server that has the vendors' files with --mirror URL."
    `)
  })
  it("from a mirror", () => {
    expect(error(mirror, "http-404", "the server answers 404")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED 5
      node.tar.xz could not be fetched from http://mirror.test/nodejs.org/dist/node.tar.xz: the server answers 404.
      Check that the mirror is reachable and has the file at this path, or pass a folder that contains the file with --assets DIR."
    `)
  })
  it("from a mirror that wants credentials", () => {
    expect(error(mirror, "http-401", "the server answers 401")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED 5
      node.tar.xz could not be fetched from http://mirror.test/nodejs.org/dist/node.tar.xz: the server answers 401.
      Put user and password into the mirror's URL, or pass a folder that contains the file with --assets DIR."
    `)
  })
  it("from a server that is not trusted", () => {
    expect(error(vendor, "certificate", "SSL certificate problem: self-signed certificate")).toMatchInlineSnapshot(`
      "DOWNLOAD_FAILED 5
      node.tar.xz could not be fetched from https://nodejs.org/dist/node.tar.xz: SSL certificate problem: self-signed certificate.
      Pass the certificate authority that issued the server's certificate with --ca-bundle FILE."
    `)
  })
  it("as it should be", () => {
    const what = `expected ${file.sha256}, actual ${"1".repeat(64)}`
    expect(error({ kind: "assets" }, "checksum", what)).toMatchInlineSnapshot(`
      "DOWNLOAD_MISMATCH 1
      node.tar.xz from the assets folder has the wrong checksum: expected sha256 0000000000000000000000000000000000000000000000000000000000000000, actual 1111111111111111111111111111111111111111111111111111111111111111.
      Fetch the file again; if the vendor has replaced it, find out why before changing the catalog."
    `)
    expect(error(mirror, "checksum", what)).toMatchInlineSnapshot(`
      "DOWNLOAD_MISMATCH 1
      node.tar.xz from http://mirror.test/nodejs.org/dist/node.tar.xz has the wrong checksum: expected sha256 0000000000000000000000000000000000000000000000000000000000000000, actual 1111111111111111111111111111111111111111111111111111111111111111.
      Fetch the file again; if the vendor has replaced it, find out why before changing the catalog."
    `)
  })
})
