import { either } from "./either.js"
import { EXIT_CODES, FAILURE_MEANINGS, type FailureCode } from "../failure.js"
import { GROUPS, namesOf, VARIABLES, type Group, type Kind, type Origin, type Variable } from "./variables.js"

const KINDS: Readonly<Record<Exclude<Kind, "choice">, string>> = {
  text: "text",
  boolean: "true or false",
  integer: "whole number",
  secret: "secret",
  path: "absolute path",
  folder: "path",
  list: "list",
  presence: "anything",
  "unless-false": "anything but false",
}

const ORIGINS: Readonly<Record<Origin, string>> = {
  own: "this project",
  GrammaTonic: "GrammaTonic",
  myoung34: "myoung34",
  ARC: "ARC",
  tcardonne: "tcardonne",
  SanderKnape: "SanderKnape",
  runner: "the runner",
}

/** The variables as Markdown, a table for each group. */
export function variablesReference(): string {
  return (Object.keys(GROUPS) as Group[])
    .map((group) => {
      const rows = VARIABLES.filter((setting) => setting.group === group).map(row)
      return `### ${GROUPS[group]}\n\n| Variable | Value | Default | Meaning | Origin |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`
    })
    .join("\n")
}

function row(setting: Variable): string {
  const [name = "", ...aliases] = namesOf(setting).map((one) => `\`${one}\``)
  const names = aliases.length === 0 ? name : `${name}<br>or ${aliases.join(", ")}`
  const meaning =
    setting.ignoredBecause === undefined
      ? setting.meaning
      : `${setting.meaning}. No effect here: ${setting.ignoredBecause}`
  return `| ${names} | ${valueOf(setting)} | ${setting.defaultText ?? ""} | ${meaning} | ${setting.origins.map((origin) => ORIGINS[origin]).join(", ")} |`
}

/** `off`, `work` or `all` */
function valueOf({ kind, choices = [] }: Variable): string {
  if (kind !== "choice") return KINDS[kind]
  return either(choices.map((choice) => `\`${choice}\``))
}

/** The exit codes as a Markdown table. */
export function exitCodesReference(): string {
  const codes = (Object.entries(EXIT_CODES) as [FailureCode, number][]).sort(([, one], [, other]) => one - other)
  const rows = codes.map(([code, number]) => `| ${number} | \`${code}\` | ${FAILURE_MEANINGS[code]} |`)
  const well = "| 0 | | the runner finished its work, or was stopped and deregistered |"
  const killed =
    "| 129, 130, 131, 143 | | a second signal interrupted the orderly shutdown: SIGHUP, SIGINT, SIGQUIT, SIGTERM |"
  return `| Exit code | Name | When |\n| --- | --- | --- |\n${[well, ...rows, killed].join("\n")}\n`
}
