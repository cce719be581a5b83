/** A tag, and the digests that it names before and after. */
export interface TagMove {
  repository: string
  tag: string
  /** Undefined when there was no such tag. */
  from: string | undefined
  to: string
}

/** What a tag names: a digest, nothing, or what nobody could find out. */
export type Named = { digest: string | undefined } | "unknown"

interface Entry extends TagMove {
  /** Undefined until the tag is touched. */
  now: Named | undefined
}

/**
 * Keeps account of the tags that one publication moves, so that whoever stops it can say at any moment what was done and
 * how to undo it.
 */
export class TagMoves {
  /** Undefined until it is known which tags have to move. */
  private entries: Entry[] | undefined
  private insecure = false
  private pushing = false

  /** From here on a registry is written to, though no tag is yet. */
  begin(): void {
    this.pushing = true
  }

  /**
   * Decides the order: names that are new come first, and among these and the others the more specific ones. So `latest`,
   * which everybody follows, moves when all else is in place. What names the image already is left alone.
   *
   * @param insecure the registry is spoken to without TLS, which commands to go back have to say
   * @returns the moves to make, in that order
   */
  plan(moves: readonly TagMove[], insecure: boolean): readonly TagMove[] {
    this.insecure = insecure
    this.entries = moves
      .filter(({ from, to }) => from !== to)
      .toSorted((a, b) => Number(a.from !== undefined) - Number(b.from !== undefined) || numbersIn(b) - numbersIn(a))
      .map((move) => ({ ...move, now: undefined }))
    return this.entries
  }

  /** The tag is about to be set: until it is settled, it may name either. */
  start(move: TagMove): void {
    this.entryOf(move).now = "unknown"
  }

  settle(move: TagMove, now: Named): void {
    this.entryOf(move).now = now
  }

  /** What was done so far and how to go back, a line each. Nothing before a registry was written to, and when all is done. */
  account(): string[] {
    if (!this.pushing || this.entries?.every(isMoved)) return []
    const entries = this.entries ?? []
    const touched = entries.filter(isTouched)
    if (touched.length === 0) return ["No tag was set or moved; what was pushed has no name."]
    return [
      `${String(entries.filter(isMoved).length)} of ${String(entries.length)} tags were set:`,
      ...entries.map((entry) => `  ${stateOf(entry)}`),
      "To go on, publish again. To go back, after skopeo login where the registry asks for it:",
      ...touched.map((entry) => `  ${this.wayBack(entry)}`),
    ]
  }

  private wayBack({ repository, tag, from, now }: Entry): string {
    const name = `${repository}:${tag}`
    const inspect = `skopeo inspect --raw${this.tls("")} docker://${name} | sha256sum`
    const look = now === "unknown" ? `see what it names (${inspect}), then: ` : ""
    if (from === undefined)
      // skopeo delete would take the image away under all of its names.
      return `${name}: ${look}delete this tag, and not its image, by the registry's own means`
    const command = `skopeo copy --all --preserve-digests${this.tls("src-")}${this.tls("dest-")}`
    return `${name}: ${look}${command} docker://${repository}@${from} docker://${name}`
  }

  private tls(side: string): string {
    return this.insecure ? ` --${side}tls-verify=false` : ""
  }

  private entryOf({ repository, tag }: TagMove): Entry {
    const entry = this.entries?.find((each) => each.repository === repository && each.tag === tag)
    if (!entry) throw new Error(`${repository}:${tag} is not planned`)
    return entry
  }
}

/** `ghcr.io/owner/runner:latest, from sha256:… to sha256:…` */
export function moveText({ repository, tag, from, to }: TagMove): string {
  return `${repository}:${tag}, ${from === undefined ? "new," : `from ${from}`} to ${to}`
}

function stateOf(entry: Entry): string {
  const { repository, tag, from, now } = entry
  if (isMoved(entry)) return `set: ${moveText(entry)}`
  if (!isTouched(entry))
    return `not set: ${repository}:${tag}, which ${from === undefined ? "does not exist" : `still names ${from}`}`
  if (now === "unknown") return `unknown: ${moveText(entry)}, was being set`
  return `lost: ${moveText(entry)}, and it names ${now?.digest ?? "nothing"}`
}

function isMoved({ now, to }: Entry): boolean {
  return now !== undefined && now !== "unknown" && now.digest === to
}

/** Whether a tag is, or may be, another than before. */
function isTouched({ now, from }: Entry): boolean {
  return now !== undefined && (now === "unknown" || now.digest !== from)
}

/** How specific a tag is: `1.2.3` names one release, `1.2` and `1` follow several, `latest` follows all. */
function numbersIn({ tag }: TagMove): number {
  return tag.match(/[0-9]+/g)?.length ?? 0
}
