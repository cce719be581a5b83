import { expect, it } from "vitest"
import { answers } from "../../../src/engine/bare/instance/registry.js"
import { serverFetchRefuses } from "../refused-port.js"

it.each([
  ["that requires a password answers", 401, true],
  ["that everybody may read is another program", 200, false],
])("a registry %s, on whatever port", async (_, status, expected) => {
  const asked: (string | undefined)[] = []
  const port = await serverFetchRefuses((request, response) => {
    asked.push(request.url)
    response.writeHead(status).end()
  })
  expect(await answers(port)).toBe(expected)
  expect(asked).toEqual(["/v2/"])
})
