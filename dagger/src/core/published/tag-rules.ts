import { RunnerImagesError } from "../errors.js"

/** What a tag points to, or is to point to. */
export interface TagTarget {
  /** Digest of the index or manifest. */
  digest: string
  platforms: readonly string[]
}

/** A tag that is to be set. */
export interface WantedTag {
  repository: string
  tag: string
  /** Undefined when there is no such tag. */
  from: TagTarget | undefined
  to: TagTarget
}

const VERSION = /(?:^|[-_])v?[0-9]+\.[0-9]+\.[0-9]+/
const LATEST = /(?:^|[-_])latest(?:[-_]|$)/

/**
 * Whether a tag names one release, which is what everybody who pins it relies on: it has a version with three numbers or more.
 *
 * @example isVersionTag("1.2.3"), isVersionTag("chrome-v1.2.3-act"), isVersionTag("0.1.0-2026.11.30") ⇒ true; "1.2", "2026.11" and "latest" ⇒ false
 */
export function isVersionTag(tag: string): boolean {
  return VERSION.test(tag) && !isLatest(tag)
}

/** Whether a tag is `latest`, with the prefix of a variant or the suffix of an option: `chrome-latest`, `latest-act`. */
export function isLatest(tag: string): boolean {
  return LATEST.test(tag)
}

/**
 * Checks tags before any of them is set. A version tag points to the same image for ever, and no tag loses a platform. `force` allows both,
 * but never that `latest` loses a platform.
 *
 * @throws RunnerImagesError TAG_LOSES_PLATFORM or TAG_TAKEN, with a line for each tag that may not be set
 */
export function assertMovable(wanted: readonly WantedTag[], force: boolean): void {
  assertPlatformsKept(wanted, force)
  const taken = force
    ? []
    : wanted.filter(({ tag, from, to }) => isVersionTag(tag) && from && from.digest !== to.digest)
  if (taken.length === 0) return
  throw refusal(
    "TAG_TAKEN",
    taken.map(({ from, to, ...name }) => ({
      name,
      what: `points to ${from?.digest ?? ""}, not to ${to.digest}`,
    })),
    "A tag with a whole version never points to another image, because people pin it. Choose a new version or a tag that says more, such as {version}-{date} or {runner}-{date}; --force moves it all the same.",
  )
}

/**
 * As {@link assertMovable}, for what can be known before the image is built: its platforms.
 *
 * @throws RunnerImagesError TAG_LOSES_PLATFORM
 */
export function assertPlatformsKept(wanted: readonly LosableTag[], force: boolean): void {
  const losing = wanted.flatMap((each) => {
    const lost = (each.from?.platforms ?? []).filter((platform) => !each.to.platforms.includes(platform))
    return lost.length === 0 || (force && !isLatest(each.tag)) ? [] : [{ ...each, lost }]
  })
  if (losing.length === 0) return
  const everywhere = losing.some(({ tag }) => isLatest(tag))
  throw refusal(
    "TAG_LOSES_PLATFORM",
    losing.map(({ from, lost, ...name }) => ({
      name,
      what: `is for ${listed(from?.platforms ?? [])}, and the new image is not for ${listed(lost)}`,
    })),
    everywhere
      ? "Publish all platforms together, or use another tag: whoever runs latest on such a machine could not start it any more. --force does not change that."
      : "Publish all platforms together; --force moves the tag all the same.",
  )
}

/** What {@link assertPlatformsKept} needs to know. */
type LosableTag = Pick<WantedTag, "repository" | "tag" | "from"> & { to: Pick<TagTarget, "platforms"> }

function refusal(
  code: "TAG_TAKEN" | "TAG_LOSES_PLATFORM",
  tags: readonly { name: { repository: string; tag: string }; what: string }[],
  remedy: string,
): RunnerImagesError {
  const lines = tags.map(({ name: { repository, tag }, what }) => `${repository}:${tag} ${what}`)
  const [only = ""] = lines
  if (lines.length === 1) return new RunnerImagesError(code, `${only}. No tag was set.`, remedy)
  const problem = `${String(lines.length)} tags cannot be set, and no tag was set:`
  return new RunnerImagesError(code, problem, remedy, { details: lines })
}

/** `listed(["a", "b", "c"])` ⇒ `"a, b and c"` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`
}
