import { expect, it } from "vitest"
import { providersIn, unknownPackage } from "../../../../dagger/src/core/packages/unknown-package.js"
import type { PlatformName } from "../../../../dagger/src/core/platforms.js"

const archive = new Map<PlatformName, string[]>([
  ["linux/amd64", ["default-jre-headless", "crun", "curl", "libquadmath0", "mmdb-server", "php8.4-cli", "zoo"]],
  ["linux/arm64", ["default-jre-headless", "crun", "curl", "mmdb-server", "php8.4-cli", "zoo"]],
])
const remedy = (name: string, providers: string[] = []) =>
  unknownPackage(name, "linux/arm64", archive, providers).remedy

it("says what, where and which error", () => {
  const error = unknownPackage("default-jre-headles", "linux/arm64", archive, [])
  expect([error.code, error.exitCode, error.problem]).toEqual([
    "PACKAGE_UNKNOWN",
    2,
    'The archive has no package "default-jre-headles" to install on linux/arm64.',
  ])
})

it.each([
  ["default-jre-headles", "Did you mean default-jre-headless?"],
  ["php8.2-cli", "Did you mean php8.4-cli?"],
  ["crul", "Look for its name with apt-cache search, or at packages.debian.org."],
  // Three letters from a name, as nearly everything is.
  ["mysql-server", "Look for its name with apt-cache search, or at packages.debian.org."],
  ["foo", "Look for its name with apt-cache search, or at packages.debian.org."],
  ["libquadmath0", "The archive has it for linux/amd64 only: leave it out, or build with --platforms linux/amd64."],
])("for %s, says: %s", (name, expected) => {
  expect(remedy(name)).toBe(expected)
})

it("names the packages that provide a virtual one", () => {
  expect(remedy("mail-transport-agent", ["dma", "exim4"])).toBe("Name a package that provides it: dma, exim4.")
  expect(remedy("editor", ["a", "b", "c", "d", "e", "f", "g"])).toBe(
    "Name a package that provides it: a, b, c, d, e, 2 more.",
  )
})

it("finds those in apt-cache's answer, each once, without other architectures'", () => {
  const answer = `Package: mail-transport-agent
Versions: 

Reverse Depends: 
  zabbix,mail-transport-agent
Dependencies: 
Provides: 
Reverse Provides: 
exim4-daemon-light 4.98.2-1+deb13u6 (= )
dma:arm64 0.13-1+b4 (= )
dma 0.13-1+b4 (= )
dma 0.13-1 (= )
`
  expect(providersIn(answer)).toEqual(["dma", "exim4-daemon-light"])
  expect(providersIn("")).toEqual([])
})
