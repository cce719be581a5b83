import { expect, it } from "vitest"
import { failureReason, inOrderOf, parseOrder } from "../../../../dagger/src/core/packages/install-method.js"

it("reads what dpkg did in order, each package once", () => {
  const output = "configure libc6\nsomething else\nconfigure adduser\nconfigure libc6\n"
  expect(parseOrder(output)).toEqual(["libc6", "adduser"])
})

it("follows the native order, and puts what is not in it last", () => {
  expect(inOrderOf(["b", "only-there", "a"], ["a", "b", "only-here"])).toEqual(["b", "a", "only-here"])
})

it("tells the stated reason of a failed attempt, else its last words", () => {
  expect(failureReason("dpkg: error\nacceleration: dpkg --configure failed\n")).toBe("dpkg --configure failed")
  expect(failureReason("first\nlast\n")).toBe("last")
  expect(failureReason("")).toBe("it failed without giving a reason")
})
