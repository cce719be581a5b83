/** A tag, and the digests that it points to before and after. */
export interface TagMove {
  repository: string
  tag: string
  /** Undefined when there was no such tag. */
  from: string | undefined
  to: string
}

/** What a tag points to: a digest, nothing, or unknown. */
export type Named = { digest: string | undefined } | "unknown"

interface Entry extends TagMove {
  /** Undefined until the tag is touched. */
  now: Named | undefined
}

/** What moves tags, and how to ask for it again. */
const AGAIN = { publish: "publish again", promote: "promote again", rollback: "roll back again" } as const

/**
 * Records the tags that one publication moves, so that an interrupted publication can always say what was done and how to
 * undo it. The same for other work that sets tags.
 */
export class TagMoves {
  /** Undefined until it is known which tags have to move. */
  private entries: Entry[] | undefined
  private insecure = false
  private pushing = false

  constructor(private readonly by: keyof typeof AGAIN = "publish") {}

  /** From here on, the registry is written to, but no tag is set yet. */
  begin(): void {
    this.pushing = true
  }

  /**
   * Decides the order: new tags come first, and within each group the more specific ones. So `latest`, which everybody
   * follows, moves last. Tags that already point to the image are left alone.
   *
   * @param insecure the registry is used without TLS, so the commands that undo a move need a flag
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

  /** The tag is about to be set: until it is settled, it may point to either digest. */
  start(move: TagMove): void {
    this.entryOf(move).now = "unknown"
  }

  settle(move: TagMove, now: Named): void {
    this.entryOf(move).now = now
  }

  /** What was done so far and how to undo it, one item per line. Empty before the registry is written to, and once all tags are set. */
  account(): string[] {
    if (!this.pushing || this.entries?.every(isMoved)) return []
    const entries = this.entries ?? []
    const touched = entries.filter(isTouched)
    if (touched.length === 0)
      return [`No tag was set or moved${this.by === "publish" ? "; the pushed images have no tag" : ""}.`]
    return [
      `${String(entries.filter(isMoved).length)} of ${String(entries.length)} tags were set:`,
      ...entries.map((entry) => `  ${stateOf(entry)}`),
      `To continue, ${AGAIN[this.by]}. To undo, after skopeo login if the registry requires it:`,
      ...touched.map((entry) => `  ${this.wayBack(entry)}`),
    ]
  }

  private wayBack({ repository, tag, from, now }: Entry): string {
    const name = `${repository}:${tag}`
    const inspect = `skopeo inspect --raw${this.tls("")} docker://${name} | sha256sum`
    const look = now === "unknown" ? `check what it points to (${inspect}), then: ` : ""
    if (from === undefined)
      // skopeo delete would remove the image under all of its tags.
      return `${name}: ${look}delete this tag, but not its image, with the registry's own tools`
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
    return `not set: ${repository}:${tag}, which ${from === undefined ? "does not exist" : `still points to ${from}`}`
  if (now === "unknown") return `unknown: ${moveText(entry)}, was being set`
  return `lost: ${moveText(entry)}, but it points to ${now?.digest ?? "nothing"}`
}

function isMoved({ now, to }: Entry): boolean {
  return now !== undefined && now !== "unknown" && now.digest === to
}

/** Whether a tag has, or may have, changed. */
function isTouched({ now, from }: Entry): boolean {
  return now !== undefined && (now === "unknown" || now.digest !== from)
}

/** How specific a tag is: `1.2.3` names one release, `1.2` and `1` follow several, `latest` follows all. */
function numbersIn({ tag }: TagMove): number {
  return tag.match(/[0-9]+/g)?.length ?? 0
}
