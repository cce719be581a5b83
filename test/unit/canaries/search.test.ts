import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { create } from "tar"
import { describe, expect, it } from "vitest"
import { Canaries } from "../../canaries/canaries.js"
import { CanarySearch } from "../../canaries/search.js"
import { temporaryFolder } from "../temporary-folder.js"

const canaries = new Canaries()
const password = canaries.text("password")
const token = canaries.word("token")
/** As a key has it: not a text, and without what the others have in common. */
const key = Buffer.from("9a1c00ff7e5b3d21c4e8a7f60b9d8e2f413c5a6b7d8e9fa0b1c2d3e4f5061728", "hex")
canaries.add("key", key)
const search = new CanarySearch(canaries)
const formsAlone = new CanarySearch(canaries, 0)

const NOISE = Buffer.alloc(3000, "What is around it. ")
const around = (bytes: string | Buffer): Buffer => Buffer.concat([NOISE, Buffer.from(bytes), NOISE])
const whats = (found: readonly { what: string }[]): string[] => [...new Set(found.map(({ what }) => what))]

/** A layer, from files of a folder. */
async function layer(
  files: Record<string, Buffer | { link: string }>,
  options: { gzip?: boolean } = {},
): Promise<Buffer> {
  const cwd = temporaryFolder("canaries")
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(cwd, path, ".."), { recursive: true })
    if (Buffer.isBuffer(content)) writeFileSync(join(cwd, path), content)
    else symlinkSync(content.link, join(cwd, path))
  }
  const file = `${cwd}.tar`
  await create({ cwd, file, ...options }, Object.keys(files))
  const bytes = execFileSync("cat", [file], { maxBuffer: 64 * 2 ** 20 })
  rmSync(file)
  return bytes
}

/** A folder as a registry's storage or a layout is, searched. */
async function inFolder(files: Record<string, Buffer>, by = search) {
  const folder = temporaryFolder("canaries")
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return by.path(folder, "here")
}

/** Encoders of whole texts, as programs encode them: what is searched for is computed in another way. */
const ENCODERS: Record<string, (bytes: Buffer, text: string) => string | Buffer> = {
  plain: (bytes) => bytes,
  base64: (bytes) => bytes.toString("base64"),
  "base64, one byte later": (bytes) => Buffer.concat([Buffer.from("u"), bytes]).toString("base64"),
  "base64, two bytes later": (bytes) => Buffer.concat([Buffer.from("u:"), bytes]).toString("base64"),
  "base64, with more behind": (bytes) => Buffer.concat([bytes, NOISE]).toString("base64"),
  "base64 for URLs": (bytes) => bytes.toString("base64url"),
  "base64 for URLs, one byte later": (bytes) => Buffer.concat([Buffer.from("u"), bytes]).toString("base64url"),
  "base64 for URLs, two bytes later": (bytes) => Buffer.concat([Buffer.from("u:"), bytes]).toString("base64url"),
  hexadecimal: (bytes) => bytes.toString("hex"),
  "hexadecimal in capitals": (bytes) => bytes.toString("hex").toUpperCase(),
  "UTF-16, little end first": (_, text) => Buffer.from(text, "utf16le"),
  "UTF-16, big end first": (_, text) => Buffer.from(Array.from(text).flatMap((char) => [0, char.charCodeAt(0) & 0xff])),
  "encoded for a URL": (_, text) => encodeURIComponent(text),
  "encoded for a URL, every byte": (bytes) =>
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  "encoded for a URL, every byte in capitals": (bytes) =>
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
  "escaped in JSON": (_, text) => JSON.stringify({ text }),
  "escaped in JSON, every character": (_, text) =>
    Array.from(text)
      .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
}
/** Nobody makes a text of a number. */
const OF_BYTES = /^(?:plain|base64|hexadecimal)/

/** Where a canary can be, and what is found of it there. A search of forms alone, which is what large files get. */
const PLACES: Record<string, (bytes: Buffer) => Promise<Record<string, Buffer>>> = {
  "a file": (bytes) => Promise.resolve({ log: bytes }),
  "a compressed file": (bytes) => Promise.resolve({ log: gzipSync(bytes) }),
  "a compressed layer": async (bytes) => ({
    "blobs/sha256/00": await layer({ "etc/kept": NOISE, "etc/file": bytes }, { gzip: true }),
  }),
  "a layer that is not compressed": async (bytes) => ({ "blobs/sha256/00": await layer({ "etc/file": bytes }) }),
  "a file that an upper layer deletes": async (bytes) => ({
    "blobs/sha256/00": await layer({ "root/.netrc": bytes }, { gzip: true }),
    "blobs/sha256/01": await layer({ "root/.wh..netrc": Buffer.alloc(0) }, { gzip: true }),
  }),
}

describe("a planted canary is found", () => {
  const secrets: [string, Buffer][] = [
    ["password", Buffer.from(password)],
    ["token", Buffer.from(token)],
    ["key", key],
  ]
  const planted = secrets.flatMap(([what, bytes]) =>
    Object.entries(ENCODERS)
      .filter(([form]) => what !== "key" || OF_BYTES.test(form))
      .map(([form, encode]) => ({ what, form, bytes: Buffer.from(encode(bytes, bytes.toString("utf8"))) })),
  )

  it.each(Object.entries(PLACES))("in each form in %s", async (_, place) => {
    for (const { what, form, bytes } of planted) {
      const found = await inFolder(await place(around(bytes)), formsAlone)
      expect({ what, form, found: whats(found) }).toEqual({ what, form, found: [what] })
    }
  })

  it("on the border of what is read at once, and in a file that is too large to be a document", async () => {
    const piece = 2 ** 20
    const large = Buffer.alloc(17 * piece, "x")
    large.write(password, 5 * piece - 11)
    expect(whats(await inFolder({ large, "large.gz": gzipSync(large) }))).toEqual(["password"])
  })

  it("with the name of the file that has it", async () => {
    const files = { "etc/kept": NOISE, "opt/there": around(password), "srv/last": NOISE }
    const [found] = await inFolder({ blob: await layer(files, { gzip: true }) })
    // The last entry that was read with it: a layer is searched in pieces.
    expect(found?.where).toMatch(/^here\/blob, unpacked: (?:opt\/there|srv\/last)$/)
  })

  it.each<[string, () => Promise<{ what: string }[]>]>([
    [
      "as the name of a file in a layer",
      async () => inFolder({ blob: await layer({ [`etc/${canaries.mark}`]: NOISE }, { gzip: true }) }),
    ],
    ["as the name of a file", () => inFolder({ [canaries.mark]: NOISE })],
    [
      "as the target of a link in a layer",
      async () => inFolder({ blob: await layer({ link: { link: `/home/${canaries.mark}` } }) }),
    ],
    ["cut off", () => inFolder({ log: Buffer.from(`password=${canaries.mark.slice(0, 26)}x12`) })],
  ])("%s", async (_, find) => {
    expect(whats(await find())).toEqual(["part of a canary"])
  })

  it.each<[string, string]>([
    ["in a configuration's history", JSON.stringify({ history: [{ created_by: `curl -u user:${password}` }] })],
    [
      "in the credentials of Docker",
      JSON.stringify({ auths: { r: { auth: Buffer.from(`user:${password}`).toString("base64") } } }),
    ],
    [
      "in the payload of a signed statement",
      JSON.stringify({ payload: Buffer.from(JSON.stringify({ a: password })).toString("base64") }),
    ],
    [
      "encoded twice, in a signed statement's bill of materials",
      JSON.stringify({
        payload: Buffer.from(JSON.stringify({ b: Buffer.from(`u:${password}`).toString("base64") })).toString("base64"),
      }),
    ],
    ["encoded three times", [0, 1, 2].reduce((text) => Buffer.from(`{"x":"${text}"}`).toString("base64"), password)],
    ["compressed and encoded", JSON.stringify({ data: gzipSync(around(password)).toString("base64") })],
    [
      "wrapped into lines",
      `-----BEGIN-----\n${around(password).toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END-----`,
    ],
    [
      "wrapped into lines, in JSON",
      JSON.stringify({ pem: around(password).toString("base64").replaceAll(/.{64}/g, "$&\n") }),
    ],
    ["in a query", JSON.stringify({ query: `{setSecret(name:"x",plaintext:${JSON.stringify(password)}){id}}` })],
  ])("%s", async (_, text) => {
    expect(whats(search.text("document", text))).toEqual(["password"])
    expect(whats(await inFolder({ "data/link": Buffer.from(text) }))).toEqual(["password"])
  })

  it("a key's number, wrapped into the lines of its PEM", () => {
    const pem = Buffer.concat([Buffer.alloc(36, 1), key, Buffer.alloc(70, 2)])
      .toString("base64")
      .replaceAll(/.{64}/g, "$&\n")
    expect(whats(search.text("pem", pem))).toEqual(["key"])
  })
})

describe("nothing is found", () => {
  it("where there is no canary, nor in another run's", async () => {
    const other = new Canaries()
    const text = around(`${other.text("password")} ${"canary".repeat(9)}`)
    expect(await inFolder({ log: text, blob: await layer({ file: text }, { gzip: true }) })).toEqual([])
  })
})

describe("what cannot be searched is an error", () => {
  it("a file that is not there", async () => {
    await expect(search.file("/no/such/file")).rejects.toThrow("/no/such/file is not there")
  })

  it("a compressed file that is damaged", async () => {
    await expect(inFolder({ blob: gzipSync(around(password)).subarray(0, 60) })).rejects.toThrow(
      /unexpected end of file/,
    )
  })

  it("a compression that it does not know", async () => {
    await expect(inFolder({ blob: Buffer.from("28b52ffd0000", "hex") })).rejects.toThrow(/zstd/)
  })
})
