import { describe, expect, it } from "vitest"
import { TagMoves } from "../../../../dagger/src/core/oci/tag-moves.js"

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const short = (text: string) => text.replace(/sha256:([0-9a-f])\1{63}/g, "sha256:$1…")
const move = (tag: string, from?: string) => ({
  repository: "ghcr.io/owner/runner",
  tag,
  from: from === undefined ? undefined : digest(from),
  to: digest("b"),
})

describe("the order of tags", () => {
  it("is new ones first, then the more specific ones, and those that everybody follows last", () => {
    const given = [
      move("latest", "a"),
      move("1", "a"),
      move("next"),
      move("1.2.3"),
      move("1.2", "a"),
      move("edge", "a"),
    ]
    expect(new TagMoves().plan(given, false).map(({ tag }) => tag)).toEqual([
      "1.2.3",
      "next",
      "1.2",
      "1",
      "latest",
      "edge",
    ])
  })

  it("leaves out what names the image already", () => {
    expect(new TagMoves().plan([move("1.2.3", "b"), move("latest", "a")], false).map(({ tag }) => tag)).toEqual([
      "latest",
    ])
  })
})

describe("the account", () => {
  const begun = (insecure = false) => {
    const moves = new TagMoves()
    moves.begin()
    const planned = moves.plan([move("1.2.3"), move("1.2", "a"), move("latest", "a")], insecure)
    const [first, second, third] = planned
    if (!first || !second || !third) throw new Error("three tags were planned")
    return { moves, first, second, third }
  }
  const text = (moves: TagMoves) => short(moves.account().join("\n"))

  it("is empty before anything is written, and after everything is done", () => {
    expect(new TagMoves().account()).toEqual([])
    const { moves, first, second, third } = begun()
    for (const each of [first, second, third]) {
      moves.start(each)
      moves.settle(each, { digest: each.to })
    }
    expect(moves.account()).toEqual([])
  })

  it("is empty when every tag named the image before", () => {
    const moves = new TagMoves()
    moves.begin()
    moves.plan([move("1.2.3", "b")], false)
    expect(moves.account()).toEqual([])
  })

  it("says that no name leads to what was pushed", () => {
    expect(text(begun().moves)).toBe("No tag was set or moved; the pushed images have no tag.")
    const { moves, first } = begun()
    moves.start(first)
    moves.settle(first, { digest: first.from })
    expect(text(moves)).toBe("No tag was set or moved; the pushed images have no tag.")
  })

  it("names what moved, from which digest, what is unknown, and how to go back", () => {
    const { moves, first, second, third } = begun()
    moves.settle(first, { digest: first.to })
    moves.settle(second, { digest: second.to })
    moves.start(third)
    expect(text(moves)).toMatchInlineSnapshot(`
      "2 of 3 tags were set:
        set: ghcr.io/owner/runner:1.2.3, new, to sha256:b…
        set: ghcr.io/owner/runner:1.2, from sha256:a… to sha256:b…
        unknown: ghcr.io/owner/runner:latest, from sha256:a… to sha256:b…, was being set
      To continue, publish again. To undo, after skopeo login if the registry requires it:
        ghcr.io/owner/runner:1.2.3: delete this tag, but not its image, with the registry's own tools
        ghcr.io/owner/runner:1.2: skopeo copy --all --preserve-digests docker://ghcr.io/owner/runner@sha256:a… docker://ghcr.io/owner/runner:1.2
        ghcr.io/owner/runner:latest: check what it points to (skopeo inspect --raw docker://ghcr.io/owner/runner:latest | sha256sum), then: skopeo copy --all --preserve-digests docker://ghcr.io/owner/runner@sha256:a… docker://ghcr.io/owner/runner:latest"
    `)
  })

  it("names what was not reached and what somebody else moved; commands say when there is no TLS", () => {
    const { moves, first, second } = begun(true)
    moves.settle(first, { digest: first.to })
    moves.settle(second, { digest: digest("c") })
    expect(text(moves)).toMatchInlineSnapshot(`
      "1 of 3 tags were set:
        set: ghcr.io/owner/runner:1.2.3, new, to sha256:b…
        lost: ghcr.io/owner/runner:1.2, from sha256:a… to sha256:b…, but it points to sha256:c…
        not set: ghcr.io/owner/runner:latest, which still points to sha256:a…
      To continue, publish again. To undo, after skopeo login if the registry requires it:
        ghcr.io/owner/runner:1.2.3: delete this tag, but not its image, with the registry's own tools
        ghcr.io/owner/runner:1.2: skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://ghcr.io/owner/runner@sha256:a… docker://ghcr.io/owner/runner:1.2"
    `)
  })
})
