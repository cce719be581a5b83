import { TOOLS } from "../../catalog/catalog.js"
import { resolveDefinition } from "../definitions.js"
import { VARIANTS, type BuiltInVariant } from "../names.js"
import { placeProblem } from "./paths.js"
import type { WrittenDefinition } from "./schema.js"

/** An error in a definition: where, by keys and indices, and what. */
export interface ValidationIssue {
  path: readonly PropertyKey[]
  /** The key itself is wrong, not its value. */
  key?: true
  problem: string
}

/** Parts of a variable's name that suggest a secret value. Everyone who has an image can read its environment. */
const SECRET = /(^|_)(TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET)_?KEY)(_|$)/i

/** Contradictions in a definition that matches the schema: between its parts, and with the variant that it extends. */
export function contradictions(given: WrittenDefinition): ValidationIssue[] {
  return [
    ...(VARIANTS.some((variant) => variant === given.name)
      ? [{ path: ["name"], problem: `${given.name} is a variant of this project; choose another name` }]
      : []),
    ...packageIssues(given),
    ...toolIssues(given),
    ...placeIssues(given),
    ...environmentIssues(given),
    ...acceptIssues(given),
    ...checkIssues(given),
  ]
}

function acceptIssues({ accept = [] }: WrittenDefinition): ValidationIssue[] {
  return twice(
    accept.map(({ check, finding }) => `${check} ${finding}`),
    (index) => ["accept", index, "finding"],
  )
}

function packageIssues({ packages = [] }: WrittenDefinition): ValidationIssue[] {
  const sudo = packages.indexOf("sudo")
  return [
    ...twice(packages, (index) => ["packages", index]),
    ...(sudo < 0
      ? []
      : [{ path: ["packages", sudo], problem: "sudo needs more than its package; build with --sudo instead" }]),
  ]
}

/** The definition's own links: path → target. */
function linksOf({ tools = [] }: WrittenDefinition): ReadonlyMap<string, string> {
  return new Map(tools.flatMap(({ links = {} }) => Object.entries(links)))
}

function toolIssues(given: WrittenDefinition): ValidationIssue[] {
  const { tools = [] } = given
  const own = linksOf(given)
  const named = twice(
    tools.map(({ name }) => name),
    (index) => ["tools", index, "name"],
  )
  return tools.reduce<ValidationIssue[]>((all, { name, unpack, into, strip, only }, index) => {
    const at = (key: string, problem: string | undefined) => {
      if (problem !== undefined) all.push({ path: ["tools", index, key], problem })
    }
    if (TOOLS.some((known) => known === name)) at("name", `${name} is a tool of the catalog; choose another name`)
    at("into", placeProblem(into, unpack === "program" ? "file" : "folder", own))
    const program = "is for archives; a program is a single file, which `into` names"
    if (unpack === "program" && strip !== undefined) at("strip", program)
    if (unpack === "program" && only !== undefined) at("only", program)
    if (only?.some((path) => path.split("/").includes(".."))) at("only", "leaves the archive; write it without ..")
    return all
  }, named)
}

/** Files and links, each of which needs its own path. */
function placeIssues(given: WrittenDefinition): ValidationIssue[] {
  const { extends: parent, tools = [], files = [] } = given
  const own = linksOf(given)
  const inherited = resolveDefinition(parent, undefined)
  const taken = new Set([...inherited.files.map(({ path }) => path), ...Object.keys(inherited.links)])
  const links = tools.flatMap((tool, index) =>
    Object.keys(tool.links ?? {}).map((link) => ({ at: ["tools", index, "links", link], place: link })),
  )
  const places = [...files.map(({ path }, index) => ({ at: ["files", index, "path"], place: path })), ...links]
  return [
    ...links.flatMap(({ at, place }) => {
      const problem = placeProblem(place, "file", own)
      return problem === undefined ? [] : [{ path: at, key: true as const, problem }]
    }),
    ...files.flatMap(({ path }, index) => {
      const problem = placeProblem(path, "file", own)
      return problem === undefined ? [] : [{ path: ["files", index, "path"], problem }]
    }),
    ...places
      .filter(({ place }) => taken.has(place))
      .map(({ at, place }) => ({
        path: at,
        problem: `${place} is a file of the variant ${parent} and cannot be replaced; choose another path`,
      })),
    ...twice(
      places.map(({ place }) => place),
      (index) => places[index]?.at ?? [],
    ),
  ]
}

function environmentIssues({ extends: parent, environment = {} }: WrittenDefinition): ValidationIssue[] {
  const issues = Object.keys(environment).flatMap((name): ValidationIssue[] => {
    const path = ["environment", name]
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      return [
        { path, problem: `"${name}" is not a variable name: use letters, digits and _, and do not begin with a digit` },
      ]
    if (SECRET.test(name))
      return [
        {
          path,
          key: true,
          problem:
            "looks like a secret, which everyone who pulls the image could read; pass it to the container instead",
        },
      ]
    return []
  })
  const { PATH: own } = environment
  if (own === undefined) return issues
  const values = typeof own === "string" ? [{ path: [], value: own }] : platformValues(own)
  return [
    ...issues,
    ...values.flatMap(({ path, value }) => searchPathIssues(parent, value, ["environment", "PATH", ...path])),
  ]
}

function platformValues(values: Readonly<Record<string, string>>): { path: string[]; value: string }[] {
  return Object.entries(values).map(([platform, value]) => ({ path: [platform], value }))
}

function searchPathIssues(parent: BuiltInVariant, own: string, path: readonly string[]): ValidationIssue[] {
  const inherited = (resolveDefinition(parent, undefined).environment.PATH ?? "").split(":")
  const folders = own.split(":")
  const missing = inherited.filter((folder) => !folders.includes(folder))
  const added = folders.filter((folder) => folder.startsWith("/") && !inherited.includes(folder))
  const whole = [...added, ...inherited].join(":")
  const relative = folders.find((folder) => !folder.startsWith("/"))
  return [
    ...(missing.length === 0
      ? []
      : [{ path, problem: `lacks ${missing.join(", ")} from the variant ${parent}; write ${whole}` }]),
    ...(relative === undefined
      ? []
      : [
          {
            path,
            problem: `has "${relative}", which is not an absolute path; write the folder itself, since variables are not expanded here`,
          },
        ]),
  ]
}

function checkIssues({ checks }: WrittenDefinition): ValidationIssue[] {
  const named = twice(
    checks.map(({ name }) => name),
    (index) => ["checks", index, "name"],
  )
  return checks.reduce<ValidationIssue[]>((all, { expect }, index) => {
    const given = Object.keys(expect)
    if (given.length !== 1)
      all.push({
        path: ["checks", index, "expect"],
        problem: `has ${given.length === 0 ? "nothing" : given.join(" and ")}; give exactly one of equals, contains, matches, fails`,
      })
    const reason = expect.matches === undefined ? undefined : patternProblem(expect.matches)
    if (reason !== undefined) all.push({ path: ["checks", index, "expect", "matches"], problem: reason })
    return all
  }, named)
}

function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern)
    return undefined
  } catch (error) {
    return `is not a regular expression: ${error instanceof Error ? error.message : String(error)}; for plain text, use contains`
  }
}

function twice(names: readonly string[], at: (index: number) => readonly PropertyKey[]): ValidationIssue[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [{ path: at(index), problem: `${name} is listed twice; remove one` }],
  )
}
