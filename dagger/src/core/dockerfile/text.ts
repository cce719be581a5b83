/** A mount of a RUN instruction: from a stage, read-only, or a cache. */
export type Mount = { from: string; source?: string; target: string } | { cache: string; target: string }

function mountText(mount: Mount): string {
  if ("cache" in mount) return `--mount=type=cache,id=${mount.cache},target=${mount.target},sharing=locked`
  const { from, source, target } = mount
  return `--mount=type=bind,from=${from},${source === undefined ? "" : `source=${source},`}target=${target}`
}

/** The trust bundle of a builder behind a proxy with a certificate of its own. It is in no layer. */
export const CA_BUNDLE = "--mount=type=secret,id=ca-bundle"

/**
 * A RUN instruction with a script for the stage's shell. The empty line at the end of it, as after a file, is for hadolint, which otherwise
 * does not find the next instruction.
 */
export function run(mounts: readonly (Mount | typeof CA_BUNDLE)[], script: string): string {
  return `RUN ${flags(mounts)}<<EOF\nset -eu\n${ended(script)}EOF\n\n`
}

/** A RUN instruction with a program and its arguments, without a shell. */
export function exec(mounts: readonly Mount[], words: readonly string[]): string {
  return `RUN ${flags(mounts)}${JSON.stringify(words).replaceAll(",", ", ")}\n`
}

function flags(mounts: readonly (Mount | string)[]): string {
  return mounts.map((mount) => `${typeof mount === "string" ? mount : mountText(mount)} \\\n  `).join("")
}

/** A COPY instruction with a file's text, in which nothing is replaced. It is readable for everybody, and so are the folders above it. */
export function file(path: string, text: string): string {
  if (/^EOF$/m.test(text)) throw new Error(`${path} has a line that would end it`)
  return `COPY <<"EOF" ${path}\n${ended(text)}EOF\n\n`
}

/** A stage: a comment, its first line, and instructions. */
export function stage(comment: string, from: string, name: string, ...instructions: readonly string[]): string {
  const said = comment === "" ? "" : `${commented(comment)}\n`
  return `${said}FROM ${from} AS ${name}\n${instructions.join("")}`.replace(/\n+$/, "\n")
}

/** The same stage under another name. */
export function alias(name: string, of: string): string {
  return `FROM ${of} AS ${name}\n`
}

/** @example commented("a\nb") ⇒ "# a\n# b" */
export function commented(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "#" : `# ${line}`))
    .join("\n")
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`
}

/** Words in lines of limited length, each but the last with a backslash at its end. */
export function wrapped(words: readonly string[], indent: string, width = 130): string {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length + 3 <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${indent}${word}`)
  }
  return lines.join(" \\\n")
}

/** A word for the shell, in single quotes if it needs them. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A case statement of the shell. */
export function choice(variable: string, cases: Readonly<Record<string, string>>): string {
  const lines = Object.entries(cases).map(
    ([value, commands]) => `  ${value})${commands.startsWith("\n") ? "" : " "}${commands} ;;`,
  )
  return [`case $${variable} in`, ...lines, "esac", ""].join("\n")
}
