import type { ImageFacts } from "./image-facts.js"

const WHOSE = { official: "GitHub's own", act: "github-act-runner, unofficial" } as const

/** `2.338.0 (GitHub's own)` */
export function runnerText({ kind, version }: ImageFacts["runner"]): string {
  return `${version} (${WHOSE[kind]})`
}
