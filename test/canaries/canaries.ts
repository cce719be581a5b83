import { randomBytes } from "node:crypto"

/** A value that must not be found anywhere after it was used, because nobody else can have it. */
export interface Canary {
  /** `password of the registry` */
  readonly what: string
  readonly bytes: Buffer
}

/** Characters that shells, URLs, JSON, XML and curl's options treat differently. */
const AWKWARD = "/+ %25\"\\'<&é"

/** The canaries of a run. Those that are texts have a part in common, so that large files are searched for one thing. */
export class Canaries {
  /** Letters and digits alone: no encoding of texts changes them. */
  readonly mark = `canary${randomBytes(10).toString("hex")}`
  readonly all: Canary[] = []

  /** A name that can be a file's, a host's or a variable's value, and a secret without awkward characters. */
  word(what: string): string {
    const text = `${this.mark}x${randomBytes(4).toString("hex")}`
    this.all.push({ what, bytes: Buffer.from(text) })
    return text
  }

  /** A secret that may have any character. */
  text(what: string): string {
    return `${this.word(what)}${AWKWARD}`
  }

  /** Something that was not made here, such as a key's number. */
  add(what: string, bytes: Buffer): void {
    this.all.push({ what, bytes })
  }
}
