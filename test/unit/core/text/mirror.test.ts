import { describe, expect, it } from "vitest"
import { RunnerImagesError } from "../../../../dagger/src/core/errors.js"
import { mirrored, parseMirror, requireReachable, withoutSecrets } from "../../../../dagger/src/core/text/mirror.js"

function refused(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof RunnerImagesError && error.code === "MIRROR_INVALID") return `${error.problem} ${error.remedy}`
    throw error
  }
  throw new Error("not refused")
}

describe("a mirror", () => {
  it.each([
    ["https://mirror.example.com", "https://mirror.example.com", "mirror.example.com", 443, false],
    [" http://mirror.example.com:8080/a/b/ ", "http://mirror.example.com:8080/a/b", "mirror.example.com", 8080, false],
    ["HTTP://127.0.0.1/up", "http://127.0.0.1/up", "127.0.0.1", 80, true],
    ["http://localhost:8080", "http://localhost:8080", "localhost", 8080, true],
    ["https://[::1]:8443//", "https://[::1]:8443", "[::1]", 8443, true],
    ["http://10.0.0.1:80/x", "http://10.0.0.1/x", "10.0.0.1", 80, false],
  ])("%s", (given, url, host, port, loopback) => {
    expect(parseMirror(given)).toEqual({ url, host, port, loopback })
  })

  it("keeps user and password apart from its URL", () => {
    expect(parseMirror("https://user:p%40ss%22%@mirror.example.com/up")).toMatchObject({
      url: "https://mirror.example.com/up",
      credentials: { username: "user", password: "p%40ss%22%" },
    })
    expect(parseMirror("https://user:p%40ss%22@mirror.example.com").credentials?.password).toBe('p@ss"')
  })

  it.each([
    ["", "--mirror is empty. Give its URL, as in https://mirror.example.com/upstream."],
    ["mirror.example.com", '"mirror.example.com" is not a URL. Write it as in https://mirror.example.com/upstream.'],
    ["https://user:secret@", '"https://" is not a URL. Write it as in https://mirror.example.com/upstream.'],
    [
      "ftp://user:secret@mirror.example.com/x?token=secret",
      'The mirror "ftp://mirror.example.com/x" does not use http or https. Write it as in https://mirror.example.com/upstream.',
    ],
    [
      "https://user:secret@mirror.example.com/x?token=secret",
      "The mirror https://mirror.example.com/x has a query or a fragment, so no path can be appended to it. Leave it out: https://mirror.example.com/x.",
    ],
    [
      "https://mirror.example.com/#",
      "The mirror https://mirror.example.com has a query or a fragment, so no path can be appended to it. Leave it out: https://mirror.example.com.",
    ],
  ])("is refused, without its secrets: %j", (given, message) => {
    expect(refused(() => parseMirror(given))).toBe(message)
  })

  it("has vendors' files under their hosts and paths", () => {
    const mirror = parseMirror("http://user:secret@mirror.example.com:8080/up/")
    const vendors = [
      "https://nodejs.org/dist/v1/node.tar.xz",
      "https://vendor.example.com:8443/a%2Bb.zip?signature=secret",
    ]
    expect(vendors.map((url) => mirrored(url, mirror))).toEqual([
      "http://mirror.example.com:8080/up/nodejs.org/dist/v1/node.tar.xz",
      "http://mirror.example.com:8080/up/vendor.example.com:8443/a%2Bb.zip",
    ])
    expect(vendors.map((url) => mirrored(url, undefined))).toEqual(vendors)
  })

  it("on the loopback interface has to be handed over", () => {
    const mirror = parseMirror("http://127.0.0.1:8080/up")
    expect(refused(() => requireReachable(mirror, false))).toBe(
      "The mirror http://127.0.0.1:8080/up is on this machine's loopback interface, which the engine cannot reach. Pass the mirror to the engine: --mirror-service tcp://127.0.0.1:8080.",
    )
    for (const [reachable, service] of [
      [mirror, true],
      [parseMirror("https://mirror.example.com"), false],
      [undefined, false],
    ] as const)
      expect(() => requireReachable(reachable, service)).not.toThrow()
  })
})

it.each([
  ["https://user:secret@host/path?query#fragment", "https://host/path"],
  ["user:secret@host/path", "host/path"],
  ["//secret@host", "//host"],
  ["https://host/a@b", "https://host/a@b"],
])("of %s nothing secret is shown", (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown)
})
