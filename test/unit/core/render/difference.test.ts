import { expect, it } from "vitest"
import { differenceText } from "../../../../dagger/src/core/render/difference.js"

it.each([
  [{ expected: "2.47", actual: "2.39" }, "expected 2.47, found 2.39"],
  [{ expected: "2.47" }, "expected 2.47, found nothing"],
  [{}, undefined],
])("a check's difference: %j", (check, text) => {
  expect(differenceText(check)).toBe(text)
})
