import { describe, expect, it } from "vitest"
import { proxyFor } from "../../../docker/runtime/src/doctor/examination/proxy.js"

const PROXY = "http://proxy.example:3128"

describe("the proxy of an address", () => {
  it.each([
    ["https://api.github.com/", {}, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY }, PROXY],
    ["https://api.github.com/", { https_proxy: PROXY }, PROXY],
    ["https://api.github.com/", { HTTPS_PROXY: "" }, undefined],
    ["https://api.github.com/", { HTTP_PROXY: PROXY }, undefined],
    ["http://ghes.example/", { HTTP_PROXY: PROXY }, PROXY],
    ["https://api.github.com/", { HTTPS_PROXY: "proxy.example:3128" }, PROXY],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "github.com" }, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "localhost, .GitHub.com" }, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "*.github.com" }, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "*" }, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, no_proxy: "api.github.com:443" }, undefined],
    ["https://api.github.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "api.github.com:8443" }, PROXY],
    ["https://mygithub.com/", { HTTPS_PROXY: PROXY, NO_PROXY: "github.com," }, PROXY],
  ])("%s with %j is %s", (url, environment: Record<string, string>, proxy) => {
    expect(proxyFor(new URL(url), environment)?.origin).toBe(proxy)
  })

  it("is refused where it is none, without telling it", () => {
    expect(() => proxyFor(new URL("https://api.github.com"), { HTTPS_PROXY: "http://user:password@" })).toThrow(
      "HTTPS_PROXY is not the address of a proxy",
    )
  })
})
