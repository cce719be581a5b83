import { printable } from "./files/printable.js"

/** This program's own lines: what it does goes to standard output, warnings and errors to standard error. The runner's output bypasses it. */
export interface Log {
  info(line: string): void
  warn(line: string): void
  error(line: string): void
  /** From now on this text is `***` wherever it would be printed. */
  hide(secret: string): void
}

const PREFIX = "runner-images: "

/** Shorter ones would mask half of the output, and protect nothing. */
const SHORTEST_SECRET = 4

/** A log that writes to these streams. */
export function makeLog(out: { write(text: string): unknown }, err: { write(text: string): unknown }): Log {
  const secrets: string[] = []
  const clean = (line: string) => secrets.reduce((text, secret) => text.replaceAll(secret, "***"), line)
  const lines = (text: string) =>
    clean(text)
      .split("\n")
      .map((line) => `${PREFIX}${printable(line)}\n`)
      .join("")
  return {
    info: (line) => void out.write(lines(line)),
    warn: (line) => void err.write(lines(`warning: ${line}`)),
    error: (line) => void err.write(lines(`error: ${line}`)),
    hide: (secret) => {
      if (secret.length < SHORTEST_SECRET || secrets.includes(secret)) return
      secrets.push(secret)
      // Longer ones first: one may contain another.
      secrets.sort((one, other) => other.length - one.length)
    },
  }
}

/** The container's log. */
export const log: Log = makeLog(process.stdout, process.stderr)
