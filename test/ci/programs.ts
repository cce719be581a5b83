import { execa } from "execa"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { z } from "zod"

/**
 * The programs that check what CI systems read. Each is pinned and installed here: Go modules by tools/go.sum, Python packages by
 * requirements.txt. It takes Go, Python and their package registries.
 */
export interface Programs {
  /** rhysd/actionlint: GitHub's workflows, their expressions, and their scripts by shellcheck. */
  actionlint: string
  /** zizmor: what is unsafe in workflows. */
  zizmor: string
  shellcheck: string
  /** Schemas that it has with it, such as GitLab's. */
  checkJsonschema: string
  python: string
  /** {@link commandsIn} */
  shellCommands: string
  /** For actionlint to find shellcheck. */
  path: string
}

let installed: Promise<Programs> | undefined

/** Installed once in each process of tests. It takes a minute. */
export function programs(): Promise<Programs> {
  installed ??= install()
  return installed
}

async function install(): Promise<Programs> {
  const folder = mkdtempSync(join(tmpdir(), "runner-images-ci-"))
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true })
  })
  const [go, python] = [join(folder, "go"), join(folder, "python")]
  const packages = async (): Promise<void> => {
    await execa("python3", ["-m", "venv", python])
    const requirements = join(import.meta.dirname, "requirements.txt")
    const pip = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--requirement", requirements]
    await execa(join(python, "bin/pip"), pip)
  }
  const modules = async (): Promise<void> => {
    const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off" }
    const sources = [".", "github.com/rhysd/actionlint/cmd/actionlint"]
    await execa("go", ["build", "-trimpath", "-o", `${go}/`, ...sources], {
      cwd: join(import.meta.dirname, "tools"),
      env,
    })
  }
  await Promise.all([packages(), modules()])
  const bin = (name: string) => join(python, "bin", name)
  return {
    actionlint: join(go, "actionlint"),
    zizmor: bin("zizmor"),
    shellcheck: bin("shellcheck"),
    checkJsonschema: bin("check-jsonschema"),
    python: bin("python"),
    shellCommands: join(go, "tools"),
    path: `${join(python, "bin")}:${process.env.PATH ?? ""}`,
  }
}

const answersSchema = z.array(
  z.object({
    name: z.string(),
    error: z.string().optional(),
    commands: z.array(z.object({ line: z.number(), words: z.array(z.string()) })),
  }),
)

export interface Script {
  /** For messages: where it is. */
  name: string
  text: string
}

export interface Command {
  /** The script's name and the line in it. */
  where: string
  /** Without quotes; what only a running shell knows stays as it is written: `"$NAME"`. */
  words: string[]
}

/**
 * All simple commands of scripts, those in substitutions too, as bash reads them (tools/main.go).
 *
 * @returns the commands, and what is wrong with scripts that are none
 */
export async function commandsIn(scripts: readonly Script[]): Promise<{ commands: Command[]; errors: string[] }> {
  const { shellCommands } = await programs()
  const { stdout } = await execa(shellCommands, { input: JSON.stringify(scripts) })
  const answers = answersSchema.parse(JSON.parse(stdout))
  return {
    commands: answers.flatMap(({ name, commands }) =>
      commands.map(({ line, words }) => ({ where: `${name}, line ${line}`, words })),
    ),
    errors: answers.flatMap(({ error }) => error ?? []),
  }
}
