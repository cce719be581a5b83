import { expect, it } from "vitest"
import { trustFile } from "../../../../dagger/src/core/request/trust-files.js"

const DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
const FEDORA = "/etc/pki/tls/certs/ca-bundle.crt"

it.each([
  ["the named file, before the system's", "/own.pem", ["/own.pem", DEBIAN], "/own.pem"],
  ["the system's where nothing is named", undefined, [DEBIAN], DEBIAN],
  ["the system's where the name is empty", " ", [FEDORA], FEDORA],
  ["the system's where the named file is not there", "/gone.pem", [FEDORA, DEBIAN], DEBIAN],
  ["nothing where the system has none", undefined, ["/own.pem"], undefined],
])("trusts %s", (_, named, files, expected) => {
  expect(trustFile(named, (path) => files.includes(path))).toBe(expected)
})
