import { expect, it } from "vitest"
import { link, scan } from "./seeded-root.js"

const MODULES = "/usr/local/lib/node_modules"
const text = (content: unknown) => JSON.stringify(content)

it("packages of npm are found where Node.js looks for them, each with its version and licence", () => {
  const { npm } = scan({
    [`${MODULES}/npm/package.json`]: text({ name: "npm", version: "11.2.0", license: "Artistic-2.0" }),
    [`${MODULES}/npm/node_modules/@npmcli/arborist/package.json`]: text({ name: "@npmcli/arborist", version: "9.0.0" }),
    [`${MODULES}/npm/node_modules/old/package.json`]: text({ name: "old", version: "1.0.0", license: { type: "MIT" } }),
    [`${MODULES}/npm/node_modules/older/package.json`]: text({
      ...{ name: "older", version: "1.0.0" },
      licenses: [{ type: "MIT" }, { type: "ISC" }],
    }),
    // Installed under another name.
    "/opt/app/node_modules/alias/package.json": text({ name: "real", version: "2.0.0", license: "MIT" }),
  })
  expect(npm).toEqual([
    { name: "real", version: "2.0.0", license: "MIT", path: "/opt/app/node_modules/alias" },
    { name: "npm", version: "11.2.0", license: "Artistic-2.0", path: `${MODULES}/npm` },
    { name: "@npmcli/arborist", version: "9.0.0", path: `${MODULES}/npm/node_modules/@npmcli/arborist` },
    { name: "old", version: "1.0.0", license: "MIT", path: `${MODULES}/npm/node_modules/old` },
    { name: "older", version: "1.0.0", license: "(MIT OR ISC)", path: `${MODULES}/npm/node_modules/older` },
  ])
})

it("what is no package of npm is none", () => {
  const whole = text({ name: "a", version: "1.0.0" })
  const { npm } = scan({
    // A part of a package, and the project that has packages.
    [`${MODULES}/npm/lib/package.json`]: whole,
    "/opt/app/package.json": whole,
    [`${MODULES}/package.json`]: whole,
    [`${MODULES}/@scope/package.json`]: whole,
    [`${MODULES}/.cache/package.json`]: whole,
    [`${MODULES}/no-version/package.json`]: text({ name: "no-version", type: "commonjs" }),
    [`${MODULES}/no-json/package.json`]: "{",
    [`${MODULES}/a-list/package.json`]: "[]",
    [`${MODULES}/nothing/package.json`]: "null",
    [`${MODULES}/numbers/package.json`]: text({ name: 1, version: 2 }),
    [`${MODULES}/linked/package.json`]: link("../npm/lib/package.json"),
    [`${MODULES}/a-folder/package.json/file`]: "",
  })
  expect(npm).toEqual([])
})

it("a licence that is neither an identifier nor a list of them is not known", () => {
  const licence = (license: unknown) =>
    scan({ "/a/node_modules/a/package.json": text({ name: "a", version: "1.0.0", license }) }).npm
  for (const unknown of [1, null, "", {}, [], { type: 1 }])
    expect(licence(unknown)).toEqual([{ name: "a", version: "1.0.0", path: "/a/node_modules/a" }])
})
