import { expect, it } from "vitest"
import { runnerAge, runnerOld } from "../../../../../dagger/src/core/catalog/releases/age.js"

const NOW = new Date("2026-11-24T12:00:00Z")
const release = (version: string, released: string) => ({ version, released })
const pinned = release("2.338.0", "2026-09-01")

it.each<[string, Parameters<typeof runnerAge>, string]>([
  [
    "there is no newer one",
    [pinned, [pinned, release("2.337.0", "2026-08-26")], NOW],
    "young: The pinned runner 2.338.0 is 84 days old; there is no newer one.",
  ],
  [
    "a newer one is 29 days old",
    [pinned, [release("2.339.0", "2026-10-26")], NOW],
    "warn: The pinned runner 2.338.0 is 84 days old; 2.339.0 has been out for 29 days; the limit is 30 days.",
  ],
  [
    "a newer one is 30 days old",
    [pinned, [release("2.339.0", "2026-10-25")], NOW],
    "old: The pinned runner 2.338.0 is 84 days old; 2.339.0 has been out for 30 days; the limit is 30 days.",
  ],
  [
    "the oldest of the newer ones counts",
    [pinned, [release("2.340.0", "2026-11-20"), release("2.339.0", "2026-10-01")], NOW],
    "old: The pinned runner 2.338.0 is 84 days old; 2.339.0 has been out for 54 days; the limit is 30 days.",
  ],
  [
    "another limit",
    [pinned, [release("2.339.0", "2026-11-23")], NOW, 1],
    "old: The pinned runner 2.338.0 is 84 days old; 2.339.0 has been out for 1 day; the limit is 1 day.",
  ],
  [
    "a newer one of an unknown day",
    [pinned, [release("2.339.0", "unknown")], NOW],
    "warn: The pinned runner 2.338.0 is 84 days old; 2.339.0 is newer; its release date is unknown.",
  ],
  [
    "nobody answers",
    [pinned, { unknown: "GitHub answers 503" }, NOW],
    "warn: The pinned runner 2.338.0 is 84 days old; it is unknown whether there is a newer one: GitHub answers 503.",
  ],
  [
    "nothing is known at all",
    [release("2.338.0", "unknown"), { unknown: "GitHub answers 503" }, NOW],
    "warn: The pinned runner 2.338.0 is of unknown age; it is unknown whether there is a newer one: GitHub answers 503.",
  ],
])("the runner's age when %s", (_, given, expected) => {
  const { verdict, text } = runnerAge(...given)
  expect(`${verdict}: ${text}`).toBe(expected)
})

it("what is too old is refused with what to do", () => {
  const age = runnerAge(pinned, [release("2.339.0", "2026-10-01")], NOW)
  expect(runnerOld(age)).toMatchInlineSnapshot(
    `[RunnerImagesError: The pinned runner 2.338.0 is 84 days old; 2.339.0 has been out for 54 days; the limit is 30 days. Run runner-images catalog update runner, build and test, then publish. [RUNNER_OLD]]`,
  )
})
