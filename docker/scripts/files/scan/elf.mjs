// Reads the parts of an ELF file that tell what it needs to start: its machine, its interpreter and its dynamic section.
// Nothing but headers and a few strings is read. Not Debian's scanelf (pax-utils): it finds the same files, but ends with 0 after one that is
// cut off, shows RPATH and RUNPATH as one, and separates names by the spaces that they may have. https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html

/** What is read of a file at first. The program headers of nearly all files lie within. */
export const HEADER_BYTES = 4096

const MAGIC = 0x7f454c46
const CLASS_BITS = { 1: 32, 2: 64 }
const LITTLE_ENDIAN = 1
const BIG_ENDIAN = 2
/** Programs and shared libraries; the others, objects and core dumps, are not loaded by the dynamic linker. */
const LOADABLE = new Set([2, 3])
const PT = { load: 1, dynamic: 2, interpreter: 3 }
const DT = { null: 0, needed: 1, strings: 5, soname: 14, rpath: 15, runpath: 29 }
const PROGRAM_HEADER_BYTES = 56
const DYNAMIC_ENTRY_BYTES = 16
/** Longer than any path that a file name may have. */
const LONGEST_STRING = 4096

/**
 * @typedef {object} Elf
 * @property {string} kind class and machine: `64/62`
 * @property {string} [interpreter] the dynamic linker that starts it
 * @property {string[]} needed libraries
 * @property {string} [soname]
 * @property {string[]} rpath
 * @property {string[]} runpath
 */

/**
 * Class and machine of an ELF file, `64/62`; undefined when it is none.
 *
 * @param {Buffer} head the file's first bytes
 */
export function elfKind(head) {
  if (head.length < 20 || head.readUInt32BE(0) !== MAGIC) return undefined
  const bits = CLASS_BITS[head[4]]
  if (bits === undefined || (head[5] !== LITTLE_ENDIAN && head[5] !== BIG_ENDIAN)) return undefined
  return `${bits}/${numbers(head[5] === LITTLE_ENDIAN).half(head, 18)}`
}

/**
 * @param {Buffer} head the file's first bytes
 * @param {(offset: number, length: number) => Buffer} read gives other bytes of it, fewer where the file ends
 * @returns {Elf | undefined} undefined when it is no ELF file
 * @throws {Error} when it is one, and is cut off or contradicts itself
 */
export function readElf(head, read) {
  const kind = elfKind(head)
  if (kind === undefined) return undefined
  const bits = CLASS_BITS[head[4]]
  const number = numbers(head[5] === LITTLE_ENDIAN)
  const elf = { kind, needed: [], rpath: [], runpath: [] }
  if (bits === 32 || !LOADABLE.has(number.half(head, 16))) return elf
  /** @param {number} offset @param {number} length */
  const bytes = (offset, length) => {
    const found = offset + length <= head.length ? head.subarray(offset, offset + length) : read(offset, length)
    if (found.length < length) throw new Error("is cut off")
    return found
  }
  const segments = programHeaders(bytes, number)
  const interpreter = segments.find(({ type }) => type === PT.interpreter)
  if (interpreter) elf.interpreter = text(bytes(interpreter.offset, interpreter.size))
  const dynamic = segments.find(({ type }) => type === PT.dynamic)
  if (!dynamic) return elf
  const entries = dynamicEntries(bytes(dynamic.offset, dynamic.size), number)
  const table = entries.find(({ tag }) => tag === DT.strings)
  if (!table) return elf
  const strings = fileOffset(segments, table.value)
  /** @param {number} tag */
  const named = (tag) =>
    entries
      .filter((entry) => entry.tag === tag)
      .map(({ value }) => {
        const found = read(strings + value, LONGEST_STRING)
        if (!found.includes(0)) throw new Error("is cut off")
        return text(found)
      })
  elf.needed = named(DT.needed)
  elf.soname = named(DT.soname)[0]
  elf.rpath = named(DT.rpath).flatMap((path) => path.split(":"))
  elf.runpath = named(DT.runpath).flatMap((path) => path.split(":"))
  return elf
}

/** @param {boolean} little */
function numbers(little) {
  return {
    half: (bytes, at) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    word: (bytes, at) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
    long: (bytes, at) => Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at)),
  }
}

function programHeaders(bytes, number) {
  const header = bytes(0, 64)
  const start = number.long(header, 32)
  const count = number.half(header, 56)
  const table = bytes(start, count * PROGRAM_HEADER_BYTES)
  return Array.from({ length: count }, (_, index) => {
    const at = index * PROGRAM_HEADER_BYTES
    return {
      type: number.word(table, at),
      offset: number.long(table, at + 8),
      address: number.long(table, at + 16),
      size: number.long(table, at + 32),
    }
  })
}

function dynamicEntries(bytes, number) {
  const entries = []
  for (let at = 0; at + DYNAMIC_ENTRY_BYTES <= bytes.length; at += DYNAMIC_ENTRY_BYTES) {
    const tag = number.long(bytes, at)
    if (tag === DT.null) break
    entries.push({ tag, value: number.long(bytes, at + 8) })
  }
  return entries
}

/** Where in the file the bytes are that are loaded at an address. */
function fileOffset(segments, address) {
  const segment = segments.find(
    (candidate) =>
      candidate.type === PT.load && address >= candidate.address && address < candidate.address + candidate.size,
  )
  if (!segment) throw new Error("has a string table that is not loaded")
  return address - segment.address + segment.offset
}

/** @param {Buffer} bytes ended by a zero */
function text(bytes) {
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end)
}
