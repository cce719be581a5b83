import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { expect, it } from "vitest"
import { documents } from "../../../scripts/docs.js"

it.each([...(await documents())].map(([path, text]) => ({ path, text, name: basename(path) })))(
  "$name is what npm run docs makes of the data",
  ({ path, text }) => {
    expect(readFileSync(path, "utf8")).toBe(text)
  },
)
