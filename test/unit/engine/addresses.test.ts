import { describe, expect, it } from "vitest"
import { chooseNetworks, choosePort, linkAddresses, overlaps } from "../../../src/engine/bare/host/addresses.js"

it.each([
  ["10.87.0.0/16", "10.87.3.4", true],
  ["10.87.0.0/16", "10.88.0.0/16", false],
  ["10.0.0.0/8", "10.200.1.0/24", true],
  ["192.0.2.1", "192.0.2.1/32", true],
  ["192.0.2.1", "not an address", false],
  ["10.86.0.252/30", "10.86.1.0/30", false],
])("%s and %s overlap: %s", (one, other, expected) => {
  expect(overlaps(one, other)).toBe(expected)
  expect(overlaps(other, one)).toBe(expected)
})

it("gives a link's two ends", () => {
  expect(linkAddresses("10.86.1.4/30")).toEqual({ host: "10.86.1.5", namespace: "10.86.1.6" })
  expect(() => linkAddresses("10.86.0.0/16")).toThrow("not a /30")
})

describe("networks", () => {
  it("differ from everything that is taken, and the link from the containers' range", () => {
    const taken = ["192.0.2.0/24", "10.87.0.0/16", "10.88.0.1", "10.86.128.0/17"]
    for (const id of ["00000000", "2f67879e", "ffffffff"]) {
      const chosen = chooseNetworks(id, taken)
      expect(chosen?.containers).toBe("10.89.0.0/16")
      expect(chosen?.link).toMatch(/^10\.86\.\d+\.\d+\/30$/)
      for (const range of taken) expect(overlaps(chosen?.link ?? range, range)).toBe(false)
    }
  })
  it("stay the same for an instance, and give way to another's link", () => {
    const first = chooseNetworks("2f67879e", [])
    expect(chooseNetworks("2f67879e", [])).toEqual(first)
    expect(chooseNetworks("2f67879e", [first?.link ?? ""])?.link).not.toBe(first?.link)
  })
  it("move elsewhere when the host routes all of 10.0.0.0/8", () => {
    expect(chooseNetworks("2f67879e", ["10.0.0.0/8"])).toEqual({ containers: "172.16.0.0/16", link: "172.17.0.0/30" })
  })
  it("do not mind a tunnel's halves of the world", () => {
    expect(chooseNetworks("2f67879e", ["0.0.0.0/1", "128.0.0.0/1"])?.containers).toBe("10.87.0.0/16")
  })
  it("may be none", () => {
    expect(chooseNetworks("2f67879e", ["10.0.0.0/8", "172.16.0.0/12"])).toBeUndefined()
  })
})

describe("port", () => {
  const busy =
    (...ports: number[]) =>
    (port: number) =>
      Promise.resolve(ports.includes(port))
  it.each([
    ["the default one", undefined, "default", [], [], { port: 5000 }],
    ["the wanted one", 5055, "default", [], [], { port: 5055 }],
    ["the default instance insists on its port against strangers", undefined, "default", [], [5000], { taken: 5000 }],
    ["but gives way to instances of other state folders", undefined, "default", [5000], [5000], { port: 5001 }],
    ["another instance takes what is free", undefined, "second", [5000], [5000, 5001], { port: 5002 }],
    ["a wanted one that a stranger has", 5055, "second", [], [5055], { taken: 5055 }],
    ["a wanted one that another instance has", 5055, "second", [5055], [], { taken: 5055 }],
  ])("%s", async (_case, wanted, instance, ours, strangers, expected) => {
    expect(await choosePort(wanted, instance, ours, busy(...strangers))).toEqual(expected)
  })
})
