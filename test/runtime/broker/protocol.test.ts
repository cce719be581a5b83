import { expect, it } from "vitest"
import { parseRequest } from "../../../docker/runtime/src/broker/protocol/protocol.js"

const RUNNER = { name: "a-runner", labels: ["self-hosted"], ephemeral: true, replace: false }
const REGISTER = { id: 1, request: "register", configured: false, workFolder: "/work" }
const LEASE = "0123456789abcdef".repeat(4)

const parsed = (value: unknown) => parseRequest(typeof value === "string" ? value : JSON.stringify(value))
const withRunner = (changes: object) => ({ ...REGISTER, runner: { ...RUNNER, ...changes } })

it.each([
  { id: 0, request: "remove" },
  REGISTER,
  { ...REGISTER, configured: true, lease: LEASE },
  { ...REGISTER, runner: RUNNER },
  withRunner({ name: "n".repeat(64), labels: Array.from({ length: 100 }, (_, index) => `label ${String(index)}`) }),
])("takes %j", (value) => {
  expect(parsed(value)).toEqual(value)
})

it.each<[string, unknown]>([
  ["no JSON", "register"],
  ["nothing", ""],
  ["null", null],
  ["an array", [REGISTER]],
  ["a text", '"remove"'],
  ["no number", { request: "remove" }],
  ["a text as number", { id: "1", request: "remove" }],
  ["a negative number", { id: -1, request: "remove" }],
  ["half a number", { id: 0.5, request: "remove" }],
  ["a number that is none any more", '{"id":1e400,"request":"remove"}'],
  ["another request", { id: 1, request: "list" }],
  ["a removal of something", { id: 1, request: "remove", name: "another" }],
  ["a removal with a runner", { id: 1, request: "remove", runner: RUNNER }],
  ["a removal with a lease", { id: 1, request: "remove", lease: LEASE }],
  ["one property more", { ...REGISTER, token: "x" }],
  ["__proto__", '{"id":1,"request":"remove","__proto__":{"x":1}}'],
  ["__proto__ of a runner", JSON.stringify(withRunner({})).replace('"name"', '"__proto__":{},"name"')],
  ["constructor", { ...REGISTER, constructor: {} }],
  ["no configured", { id: 1, request: "register", workFolder: "/work" }],
  ["configured as text", { ...REGISTER, configured: "true" }],
  ["a relative folder", { ...REGISTER, workFolder: "work" }],
  ["no folder", { ...REGISTER, workFolder: "" }],
  ["a folder with a line end", { ...REGISTER, workFolder: "/work\nregistered other" }],
  ["a folder that is too long", { ...REGISTER, workFolder: `/${"x".repeat(4096)}` }],
  ["a short lease", { ...REGISTER, lease: LEASE.slice(1) }],
  ["a lease in capitals", { ...REGISTER, lease: LEASE.toUpperCase() }],
  ["a runner that is null", { ...REGISTER, runner: null }],
  ["a runner that is an array", { ...REGISTER, runner: [RUNNER] }],
  ["a runner with a property more", withRunner({ group: "production" })],
  ["no name", withRunner({ name: "" })],
  ["a long name", withRunner({ name: "n".repeat(65) })],
  ["a name with a space", withRunner({ name: "a runner" })],
  ["a name that is a path", withRunner({ name: "../other" })],
  ["a name with a control character", withRunner({ name: "a\u001b[2Jrunner" })],
  ["a name that is written backwards", withRunner({ name: "a\u202erunner" })],
  ["no labels", withRunner({ labels: [] })],
  ["labels as text", withRunner({ labels: "self-hosted" })],
  ["a label that is none", withRunner({ labels: [1] })],
  ["two labels in one", withRunner({ labels: ["a,b"] })],
  ["a long label", withRunner({ labels: ["l".repeat(257)] })],
  ["many labels", withRunner({ labels: Array.from({ length: 101 }, () => "l") })],
  ["ephemeral as text", withRunner({ ephemeral: "yes" })],
  ["replace left out", withRunner({ replace: undefined })],
])("does not take %s", (_, value) => {
  expect(parsed(value)).toBeUndefined()
})
