import { spawnSync } from "node:child_process"

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y
const VALUE = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Family {
  type: string
  help: string
  samples: Sample[]
}

/**
 * Reads Prometheus' text format, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/. A family has
 * one HELP and one TYPE, before its samples, which are together and of different labels; histograms add up.
 *
 * @throws Error with the line that is wrong
 */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end")
  const families = new Map<string, Family>()
  const helps = new Map<string, string>()
  const series = new Set<string>()
  let current: string | undefined
  for (const line of text.split("\n")) {
    if (line === "") continue
    const help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line)
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`).exec(line)
    if (help) {
      if (helps.has(String(help[1]))) throw new Error(`a second HELP: ${line}`)
      helps.set(String(help[1]), String(help[2]))
    } else if (type) {
      current = String(type[1])
      if (families.has(current)) throw new Error(`a second TYPE: ${line}`)
      families.set(current, { type: String(type[2]), help: helps.get(current) ?? "", samples: [] })
    } else if (line.startsWith("#")) throw new Error(`neither HELP nor TYPE: ${line}`)
    else {
      const sample = parseSample(line)
      const family = current === undefined ? undefined : families.get(current)
      const own = family?.type === "histogram" ? sample.name.replace(/_(?:bucket|sum|count)$/, "") : sample.name
      if (!family || own !== current) throw new Error(`a sample outside of its family: ${line}`)
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`
      if (series.has(key)) throw new Error(`a second sample of the same labels: ${line}`)
      series.add(key)
      family.samples.push(sample)
    }
  }
  for (const [name, family] of families) if (family.type === "histogram") checkHistogram(name, family)
  return families
}

function parseSample(line: string): Sample {
  const [, name = "", rest = ""] = new RegExp(`^(${NAME})(.*)$`).exec(line) ?? []
  const labels: Record<string, string> = {}
  let at = 0
  if (rest.startsWith("{")) {
    at = 1
    while (rest[at] !== "}") {
      LABEL.lastIndex = at
      const [all = "", label = "", value = ""] = LABEL.exec(rest) ?? []
      if (all === "" || label in labels) throw new Error(`a label is wrong: ${line}`)
      labels[label] = value
      at += all.length
      if (rest[at] === ",") at += 1
      else if (rest[at] !== "}") throw new Error(`labels are wrong: ${line}`)
    }
    at += 1
  }
  const value = rest.slice(at + 1)
  if (name === "" || rest[at] !== " " || !VALUE.test(value)) throw new Error(`no sample: ${line}`)
  return { name, labels, value: Number(value) }
}

function checkHistogram(name: string, { samples }: Family): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value
  const bounds = buckets.map(({ labels }) => (labels.le === "+Inf" ? Infinity : Number(labels.le)))
  const ascending = (numbers: number[]): boolean =>
    numbers.every((number, index) => number >= (numbers[index - 1] ?? number))
  if (!ascending(bounds)) throw new Error(`${name}: bounds are not in order`)
  if (!ascending(buckets.map(({ value }) => value))) throw new Error(`${name}: buckets are not cumulative`)
  if (bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== count) throw new Error(`${name}: +Inf is not the count`)
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: there is no sum`)
}

/** Whether Prometheus' own program is on this machine: Debian's package prometheus has it. */
export const hasPromtool = spawnSync("promtool", ["--version"]).status === 0

/** What `promtool check metrics` says. It ends with 1 for what Prometheus cannot read, 3 for what it would not name so. */
export function promtool(text: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" })
  return { status, output: stdout + stderr }
}
