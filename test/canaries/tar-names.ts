const BLOCK = 512

/** Follows the headers of a tar that comes in pieces, to say in which entry a place is. */
export class TarNames {
  private header = Buffer.alloc(0)
  private position = 0
  /** Where the next header begins; undefined if this is no tar. */
  private next: number | undefined = 0
  private current: string | undefined

  /** The entry at the end of what was read so far. */
  get entry(): string | undefined {
    return this.current
  }

  read(piece: Buffer): void {
    let at = 0
    while (this.next !== undefined && at < piece.length) {
      const skip = this.next - this.position - at - this.header.length
      if (skip > 0 && this.header.length === 0) {
        at += Math.min(skip, piece.length - at)
        continue
      }
      const taken = piece.subarray(at, at + BLOCK - this.header.length)
      this.header = Buffer.concat([this.header, taken])
      at += taken.length
      if (this.header.length < BLOCK) break
      this.begin(this.header, this.position + at)
      this.header = Buffer.alloc(0)
    }
    this.position += piece.length
  }

  private begin(header: Buffer, end: number): void {
    if (header.every((byte) => byte === 0)) {
      this.next = end
      return
    }
    if (header.toString("latin1", 257, 262) !== "ustar") {
      this.next = undefined
      return
    }
    const field = (from: number, length: number): string =>
      header.toString("utf8", from, from + length).split("\0")[0] ?? ""
    const [name, prefix] = [field(0, 100), field(345, 155)]
    this.current = prefix === "" ? name : `${prefix}/${name}`
    this.next = end + Math.ceil(sizeOf(header.subarray(124, 136)) / BLOCK) * BLOCK
  }
}

/** Octal digits, or a number of 95 bits for what they have no place for. */
function sizeOf(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  return parseInt(field.toString("latin1"), 8) || 0
}
