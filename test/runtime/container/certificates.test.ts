import { X509Certificate } from "node:crypto"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { certificatesForJobs, readCertificates } from "../../../docker/runtime/src/container/certificates.js"

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
    mkdirSync(at("etc/ssl/certs"), { recursive: true })
    writeFileSync(at("etc/ssl/certs/ca-certificates.crt"), readFileSync(at("two.pem")))
    const environment = { GIT_SSL_CAINFO: "/own", NODE_EXTRA_CA_CERTS: at("one.pem") }
    const variables = certificatesForJobs(readCertificates([at("one.pem")]), { folder, root: folder, environment })
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
    certificatesForJobs(readCertificates([at("one.pem")]), { folder: shared, root: folder, environment: {} })
    expect(readFileSync(at("precious"), "utf8")).toBe("precious")
    expect(names(readCertificates([join(shared, "ca-certificates.pem")])).at(-1)).toBe("CN=one")
  })

  it("that nobody gave change nothing", () => {
    expect(certificatesForJobs([], { folder, root: folder, environment: {} })).toEqual({})
  })
})
