// Gives a module what it lacks: package.json, tsconfig.json, a lock file and a first source file, as Dagger's own SDK does on
// `dagger init` and `dagger develop`. Files that have what is needed stay as they are, byte for byte.
//
//   node complete-module.mjs NAME        in the module's folder
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import ts from "typescript"

const [name] = process.argv.slice(2)

/** Both files may have comments, which the compiler reads over. */
function read(file) {
  const { config, error } = ts.parseConfigFileTextToJson(file, readFileSync(file, "utf8"))
  if (!error) return config
  console.error(`${file} cannot be read: ${ts.flattenDiagnosticMessageText(error.messageText, "\n")}`)
  process.exit(1)
}

function write(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

function completePackage() {
  const found = existsSync("package.json")
  const manifest = found ? read("package.json") : {}
  if (found && manifest.type === "module" && manifest.dependencies?.typescript !== undefined) return false
  // The SDK reads the module's types with this compiler.
  const dependencies = { typescript: ts.version, ...manifest.dependencies }
  write("package.json", { ...manifest, type: "module", dependencies })
  return true
}

function completeTsconfig() {
  const wanted = read(new URL("module-tsconfig.json", import.meta.url).pathname)
  if (!existsSync("tsconfig.json")) return write("tsconfig.json", wanted)
  const config = read("tsconfig.json")
  const { paths, experimentalDecorators } = wanted.compilerOptions
  const options = config.compilerOptions ?? {}
  const complete =
    options.experimentalDecorators === experimentalDecorators &&
    Object.entries(paths).every(([alias, path]) => JSON.stringify(options.paths?.[alias]) === JSON.stringify(path))
  if (complete) return
  const compilerOptions = { ...options, experimentalDecorators, paths: { ...options.paths, ...paths } }
  write("tsconfig.json", { ...config, compilerOptions })
}

function lock(changed) {
  const locks = ["package-lock.json", "yarn.lock", "pnpm-lock.yaml"].filter((file) => existsSync(file))
  if (locks.length > 0 && !(changed && locks.includes("package-lock.json"))) return
  execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], {
    stdio: ["ignore", "ignore", "inherit"],
  })
}

function firstSource() {
  if (existsSync("src") && readdirSync("src", { recursive: true }).some((file) => file.endsWith(".ts"))) return
  // The SDK finds the module's class by this spelling of the module's name.
  const words = name.match(/[A-Z]?[a-z]+|[A-Z]|\d+/g) ?? []
  const className = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("")
  mkdirSync("src", { recursive: true })
  writeFileSync(
    "src/index.ts",
    `import { dag, Container, func, object } from "@dagger.io/dagger"

/** What the module does, in one sentence: \`dagger functions\` shows it. */
@object()
export class ${className} {
  /**
   * Return a container that prints a text.
   *
   * @param text The text to print.
   */
  @func()
  echo(text: string): Container {
    return dag.container().from("debian:trixie-slim").withExec(["echo", text])
  }
}
`,
  )
}

lock(completePackage())
completeTsconfig()
firstSource()
