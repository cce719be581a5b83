import { execa } from "execa"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compareDebianVersions } from "../../../../dagger/src/core/packages/debian-version.js"

/** What dpkg says of many pairs, in one process: -1, 0 or 1 for each. */
async function dpkgOf(pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  const script = `while read -r a b; do
    if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" eq "$b"; then echo 0; else echo 1; fi
  done`
  const { stdout } = await execa("sh", ["-c", script], { input: pairs.map((pair) => `${pair.join(" ")}\n`).join("") })
  return stdout.split("\n").map(Number)
}

const hasDpkg = (await execa("dpkg", ["--version"], { reject: false })).exitCode === 0

describe("versions by Debian's rules", () => {
  it.each([
    ["1.0-1", "1.0-1", 0],
    ["1.0", "1.0-0", 0],
    ["1.00-1", "1.0-1", 0],
    ["0:1.0-1", "1.0-1", 0],
    ["1.0-1", "1.0-2", -1],
    ["1.9-1", "1.10-1", -1],
    ["2.0-1", "1:1.0-1", -1],
    // A tilde comes before everything, the end of the version included.
    ["1.0~rc1-1", "1.0-1", -1],
    ["1.0~~-1", "1.0~-1", -1],
    ["1.0~a-1", "1.0~~a-1", 1],
    // Letters before all other characters.
    ["1.0a-1", "1.0+b-1", -1],
    ["1.0a-1", "1.0-1", 1],
    // Only the last hyphen begins the revision.
    ["1.0-rc-1", "1.0-1", 1],
    // What Debian's and Ubuntu's security updates look like.
    ["1:2.47.3-0+deb13u1", "1:2.47.3-0+deb13u2", -1],
    ["3.5.4-1", "3.5.4-1~deb13u1", 1],
    ["2.39-0ubuntu8.5", "2.39-0ubuntu8.10", -1],
    ["1.7.1-6+b1", "1.7.1-6", 1],
    ["20240101123456789012345678901234567890-1", "20240101123456789012345678901234567891-1", -1],
  ])("%s and %s: %i", (one, other, order) => {
    expect(compareDebianVersions(one, other)).toBe(order)
    expect(compareDebianVersions(other, one)).toBe(0 - order)
  })

  it.skipIf(!hasDpkg)("are compared as dpkg compares them (needs dpkg)", async () => {
    const part = fc.string({ unit: fc.constantFrom(...Array.from("0129aZz+.~")), minLength: 1, maxLength: 6 })
    const version = fc
      .tuple(fc.constantFrom("", "0:", "1:", "12:"), fc.constantFrom("0", "1", "9"), part, fc.option(part))
      .map(
        ([epoch, digit, upstream, revision]) => `${epoch}${digit}${upstream}${revision === null ? "" : `-${revision}`}`,
      )
    // Equal ones are never made by chance.
    const same = version.map((one): [string, string] => [one, one.replace(/(?<=^|:)(?=[019])/, "00")])
    const pairs = fc.sample(fc.oneof({ weight: 9, arbitrary: fc.tuple(version, version) }, same), {
      numRuns: 400,
      seed: 20261130,
    })
    const ours = pairs.map(([one, other]) => compareDebianVersions(one, other))
    expect(ours).toEqual(await dpkgOf(pairs))
    expect(new Set(ours)).toEqual(new Set([-1, 0, 1]))
  })
})
