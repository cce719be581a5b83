import { X509Certificate } from "node:crypto"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  certificatesForJobs,
  readCertificates,
  trustedCertificates,
} from "../../../docker/runtime/src/container/certificates.js"

let folder: string
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "runner-certificates-"))
  mkdirSync(at("many"))
  for (const name of ["one", "two"]) {
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        `/CN=${name}`,
        "-keyout",
        at("key"),
        "-out",
        at(`${name}.pem`),
      ],
      { stdio: "ignore" },
    )
    writeFileSync(at(`many/${name}.crt`), readFileSync(at(`${name}.pem`)))
  }
  execFileSync("openssl", ["x509", "-in", at("one.pem"), "-outform", "der", "-out", at("one.cer")])
  writeFileSync(
    at("both.pem"),
    `# two\n${readFileSync(at("one.pem"), "utf8")}\ntext\n${readFileSync(at("two.pem"), "utf8")}`,
  )
  writeFileSync(at("many/README"), "not one")
  writeFileSync(at("damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const BUNDLE = "etc/ssl/certs/ca-certificates.crt"

/** A root of a system with these certificates in its files, by their names. */
function system(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(at("root-"))
  for (const [path, certificates] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    const texts = certificates.split(" ").filter((name) => name !== "")
    writeFileSync(join(root, path), texts.map((name) => readFileSync(at(`${name}.pem`), "utf8")).join(""))
  }
  return root
}

const names = (certificates: readonly string[]): string[] => certificates.map((one) => new X509Certificate(one).subject)

function failure(...paths: string[]): string {
  try {
    return `read ${readCertificates(paths.map(at)).length}`
  } catch (error) {
    return (error as Error).message.replaceAll(folder, "")
  }
}

describe("certificates", () => {
  it.each([
    [["one.pem"], ["CN=one"]],
    [["both.pem"], ["CN=one", "CN=two"]],
    [["one.cer"], ["CN=one"]],
    [["many"], ["CN=one", "CN=two"]],
    [
      ["two.pem", "one.cer"],
      ["CN=two", "CN=one"],
    ],
    [[], []],
  ])("are read from %j", (paths, expected) => {
    expect(names(readCertificates(paths.map(at)))).toEqual(expected)
  })

  it("that cannot be read are an error that names the file", () => {
    expect(failure("missing.pem")).toBe("no certificates can be read from /missing.pem: ENOENT")
    expect(failure("key")).toMatch(/^no certificates can be read from \/key: /)
    expect(failure("damaged.pem")).toMatch(/^no certificates can be read from \/damaged\.pem: /)
  })

  it("reach jobs in one file, with the system's, in the variables that programs read", () => {
    const folder = system({ "usr/share/ca-certificates/mozilla/two.crt": "two", [BUNDLE]: "two" })
    const environment = { GIT_SSL_CAINFO: "/own", NODE_EXTRA_CA_CERTS: at("one.pem") }
    const variables = certificatesForJobs(trustedCertificates([at("one.pem")], folder), { folder, environment })
    expect(Object.entries(variables).map(([name, path]) => [name, path.replace(folder, "")])).toMatchInlineSnapshot(`
      [
        [
          "SSL_CERT_FILE",
          "/ca-certificates.pem",
        ],
        [
          "CURL_CA_BUNDLE",
          "/ca-certificates.pem",
        ],
        [
          "REQUESTS_CA_BUNDLE",
          "/ca-certificates.pem",
        ],
        [
          "AWS_CA_BUNDLE",
          "/ca-certificates.pem",
        ],
        [
          "NODE_EXTRA_CA_CERTS",
          "/ca-certificates.pem",
        ],
      ]
    `)
    expect(names(readCertificates([variables.SSL_CERT_FILE ?? ""]))).toEqual(["CN=two", "CN=one"])
    // A program that trusts nothing else takes the file.
    const verified = execFileSync("openssl", ["verify", "-CAfile", variables.SSL_CERT_FILE ?? "", at("one.pem")], {
      encoding: "utf8",
    })
    expect(verified).toBe(`${at("one.pem")}: OK\n`)
  })

  it("are written through no link that a job left", () => {
    const shared = at("shared")
    mkdirSync(shared)
    writeFileSync(at("precious"), "precious")
    symlinkSync(at("precious"), join(shared, "ca-certificates.pem"))
    certificatesForJobs(trustedCertificates([at("one.pem")], shared), { folder: shared, environment: {} })
    expect(readFileSync(at("precious"), "utf8")).toBe("precious")
    expect(names(readCertificates([join(shared, "ca-certificates.pem")])).at(-1)).toBe("CN=one")
  })

  it("of an administrator are trusted, in folders too, and reach jobs in a file of their own", () => {
    const root = system({ "usr/local/share/ca-certificates/own/one.crt": "one", [BUNDLE]: "" })
    const trusted = trustedCertificates([], root)
    expect(names(trusted.certificates)).toEqual(["CN=one"])
    expect(trusted.sources).toEqual([join(root, "usr/local/share/ca-certificates/own/one.crt")])
    expect(certificatesForJobs(trusted, { folder: root, environment: {} })).toMatchObject({
      NODE_EXTRA_CA_CERTS: join(root, "ca-certificates.pem"),
      REQUESTS_CA_BUNDLE: join(root, "ca-certificates.pem"),
    })
  })

  it.each([
    ["update-ca-certificates put there", { "usr/local/share/ca-certificates/one.crt": "one" }],
    ["are in no other file", {}],
  ])("in the system's bundle that %s reach jobs by the bundle", (_, files) => {
    const root = system({ ...files, "usr/share/ca-certificates/mozilla/two.crt": "two", [BUNDLE]: "two one" })
    const trusted = trustedCertificates([], root)
    expect(names(trusted.certificates)).toEqual(["CN=one"])
    expect(new Set(Object.values(certificatesForJobs(trusted, { folder: root, environment: {} })))).toEqual(
      new Set([join(root, BUNDLE)]),
    )
    expect(existsSync(join(root, "ca-certificates.pem"))).toBe(false)
  })

  it("of an administrator that cannot be read are a warning", () => {
    const root = system({ "usr/local/share/ca-certificates/one.crt": "one", [BUNDLE]: "" })
    writeFileSync(join(root, "usr/local/share/ca-certificates/bad.crt"), "nonsense")
    const { certificates, warnings } = trustedCertificates([], root)
    expect(names(certificates)).toEqual(["CN=one"])
    expect(warnings.map((line) => line.replace(root, ""))).toEqual([
      expect.stringMatching(/^\/usr\/local\/share\/ca-certificates\/bad\.crt is not trusted: ERR_/),
    ])
  })

  it("that nobody gave change nothing", () => {
    const root = system({ "usr/share/ca-certificates/mozilla/two.crt": "two", [BUNDLE]: "two" })
    const trusted = trustedCertificates([], root)
    expect(trusted).toMatchObject({ certificates: [], sources: [], warnings: [] })
    expect(certificatesForJobs(trusted, { folder, environment: {} })).toEqual({})
  })
})
