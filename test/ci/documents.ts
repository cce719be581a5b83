import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Script } from "./programs.js"

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  ...readdirSync("examples", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("examples", name)),
]

/** Code in a sentence or a table that is a command, not a program's name: it has an argument. */
const COMMAND = /^(?:\.\/runner-images|runner-images|dagger call|npm run|npm test)\s+\S/

/** What documents tell readers to type: blocks of shell, and commands in sentences and tables, which may leave out what they are not about. */
export function documentedScripts(): { blocks: Script[]; sentences: Script[] } {
  const found = DOCUMENTS.map((file) => {
    const text = readFileSync(file, "utf8")
    const blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => ({ match, script: match[1] ?? "" }))
    const prose = text.replaceAll(/^```[^]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, " "))
    const inline = [...prose.matchAll(/`([^`\n]+)`/g)]
      .map((match) => ({ match, script: (match[1] ?? "").replaceAll("\\|", "|") }))
      .filter(({ script }) => COMMAND.test(script))
    const named = ({ match, script }: (typeof blocks)[number]): Script => ({
      name: `${file}:${text.slice(0, match.index).split("\n").length}`,
      text: script,
    })
    return { blocks: blocks.map(named), sentences: inline.map(named) }
  })
  return { blocks: found.flatMap(({ blocks }) => blocks), sentences: found.flatMap(({ sentences }) => sentences) }
}
