import { execa } from "execa"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { z } from "zod"

/** What is drawn together: the folders below a folder, named by their paths in there. */
const PARTS = [
  { title: "The pure core", root: "dagger/src/core" },
  { title: "The pipeline", root: "dagger/src/pipeline" },
  { title: "The command line", root: "src" },
  { title: "The program of the images", root: "docker/runtime/src" },
] as const

const SOURCES = ["src", "dagger/src", "docker/runtime/src"]

const cruised = z.object({
  modules: z.array(
    z.object({
      source: z.string(),
      dependencies: z.array(z.object({ resolved: z.string() })),
    }),
  ),
})

type Folders = ReadonlyMap<string, ReadonlySet<string>>

/** The sources' folders and what each imports, as Mermaid flowcharts with a title each. */
export async function folderGraph(): Promise<string> {
  const root = fileURLToPath(new URL("..", import.meta.url))
  const words = ["--config", ".dependency-cruiser.mjs", "--output-type", "json", ...SOURCES]
  const { stdout } = await execa("depcruise", words, { cwd: root, preferLocal: true })
  const { modules } = cruised.parse(JSON.parse(stdout))
  return PARTS.map(({ title, root: part }) => {
    const folders = new Map<string, Set<string>>()
    for (const { source, dependencies } of modules)
      for (const { resolved } of dependencies) {
        const [from, to] = [dirname(source), dirname(resolved)]
        // Loose files are below everything, or above it: no domain of their own.
        if (from === to || !isBelow(from, part) || !isBelow(to, part)) continue
        folders.set(from, (folders.get(from) ?? new Set()).add(to))
      }
    return `**${title}**, \`${part}/\`:\n\n\`\`\`mermaid\n${flowchart(part, withoutShortcuts(folders))}\n\`\`\``
  }).join("\n\n")
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** Leaves out every arrow that others already say: a to c, where a imports b and b imports c. */
function withoutShortcuts(folders: Folders): Folders {
  const reaches = (from: string, to: string): boolean =>
    [...(folders.get(from) ?? [])].some((next) => next === to || reaches(next, to))
  return new Map(
    [...folders].map(([from, imported]) => [
      from,
      new Set([...imported].filter((to) => ![...imported].some((other) => other !== to && reaches(other, to)))),
    ]),
  )
}

function flowchart(root: string, folders: Folders): string {
  const name = (path: string): string => path.slice(root.length + 1)
  const lines = [...folders].flatMap(([from, imported]) => [...imported].map((to) => `  ${name(from)} --> ${name(to)}`))
  return ["flowchart TB", ...lines.sort()].join("\n")
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await folderGraph())
