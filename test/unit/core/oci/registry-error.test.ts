import { describe, expect, it } from "vitest"
import { registryError } from "../../../../dagger/src/core/oci/registry-error.js"
import { readRegistryFailure } from "../../../../dagger/src/core/oci/registry-failure.js"

describe("registryError", () => {
  it.each([
    ["unauthorized", true, "AUTHENTICATION", "Check the user name and the password or token, which may have expired."],
    [
      "unauthorized",
      false,
      "AUTHENTICATION",
      "Give --username with the password or token of an account that has access.",
    ],
    [
      "forbidden",
      true,
      "AUTHENTICATION",
      "Check the repository's name, and that the account, or its token, may do this there.",
    ],
    ["forbidden", false, "AUTHENTICATION", "Give --username with the password or token of an account that has access."],
    [
      "not-tls",
      true,
      "REGISTRY_FAILED",
      "Check the host and the port. If it is to be used without TLS, give --plain-http: whoever is on the way can then read the password and change images.",
    ],
    [
      "certificate",
      true,
      "REGISTRY_FAILED",
      "Pass the certificate authority that issued the registry's certificate with --ca-bundle FILE.",
    ],
    ["local", true, "BUILD_FAILED", "Check that the engine's disk is not full, and build again."],
    [
      "of a later version",
      true,
      "REGISTRY_FAILED",
      "Check the registry and that the engine can reach it, and try again.",
    ],
  ])("makes of %s, with a login: %s, %s", (kind, login, code, remedy) => {
    expect(
      registryError("push ghcr.io/o/r", { kind, message: "it answered" }, { login, plainHttp: false }),
    ).toMatchObject({
      ...{ code, remedy, problem: "Could not push ghcr.io/o/r: it answered." },
    })
  })

  it("says what may be wrong if no TLS was wanted", () => {
    const failure = { kind: "refused", message: "the registry answered 400 Bad Request" }
    expect(registryError("push r/o", failure, { login: false, plainHttp: true }).remedy).toMatch(
      /^Leave out --plain-http if the registry has TLS/,
    )
  })

  it("says what the client was doing if the client says it, and ends a sentence once", () => {
    const failure = { kind: "server", message: "the registry answered 500: try later!", action: "upload a blob to r/o" }
    expect(registryError("push r/o", failure, { login: true, plainHttp: false }).problem).toBe(
      "Could not upload a blob to r/o: the registry answered 500: try later!",
    )
  })
})

describe("readRegistryFailure", () => {
  it("reads what the client printed", () => {
    const printed = '{"error":{"kind":"forbidden","message":"no","status":403,"said":"denied","action":"push"}}\n'
    expect(readRegistryFailure(printed, "progress\n")).toEqual({
      ...{ kind: "forbidden", message: "no", status: 403, said: "denied", action: "push" },
    })
  })

  it.each([
    ["", "a line\nsh: not found\n", "sh: not found"],
    ['{"error":', "", "the registry client gave no reason"],
    ['{"repositories":[]}', "", "the registry client gave no reason"],
  ])("of %j and %j makes an unknown failure", (stdout, stderr, message) => {
    expect(readRegistryFailure(stdout, stderr)).toEqual({ kind: "unknown", message })
  })
})
