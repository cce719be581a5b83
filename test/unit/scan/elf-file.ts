/** What a crafted ELF file says of itself. */
export interface ElfContent {
  machine?: number
  bits?: 32 | 64
  bigEndian?: boolean
  /** 1 object, 2 program, 3 shared library. */
  type?: number
  interpreter?: string
  needed?: readonly string[]
  soname?: string
  rpath?: string
  runpath?: string
}

const LOAD_ADDRESS = 0x40_0000
const HEADER = 64
const PROGRAM_HEADER = 56
const DT = { needed: 1, strings: 5, soname: 14, rpath: 15, runpath: 29 }

/** An ELF file with a dynamic section and nothing else, as small as it can be. The dynamic linker would read it; nothing runs it. */
export function elfFile(content: ElfContent = {}): Buffer {
  const { machine = 62, bits = 64, bigEndian = false, type = 3, interpreter, needed = [] } = content
  const strings = [Buffer.from([0])]
  const intern = (text: string) => {
    const at = strings.reduce((sum, { length }) => sum + length, 0)
    strings.push(Buffer.from(`${text}\0`))
    return at
  }
  const named = needed.map((name): [number, number] => [DT.needed, intern(name)])
  for (const tag of ["soname", "rpath", "runpath"] as const) {
    const text = content[tag]
    if (text !== undefined) named.push([DT[tag], intern(text)])
  }
  const interpreterAt = interpreter === undefined ? 0 : intern(interpreter)
  const table = Buffer.concat(strings)
  const stringsAt = HEADER + 3 * PROGRAM_HEADER
  const dynamicAt = stringsAt + table.length
  const entries = [...named, [DT.strings, LOAD_ADDRESS + stringsAt], [0, 0]] as const
  const file = Buffer.alloc(dynamicAt + entries.length * 16)
  const half = (value: number, at: number) =>
    bigEndian ? file.writeUInt16BE(value, at) : file.writeUInt16LE(value, at)
  const word = (value: number, at: number) =>
    bigEndian ? file.writeUInt32BE(value, at) : file.writeUInt32LE(value, at)
  const long = (value: number, at: number) =>
    bigEndian ? file.writeBigUInt64BE(BigInt(value), at) : file.writeBigUInt64LE(BigInt(value), at)
  file.write("\x7fELF", "latin1")
  file.set([bits / 32, bigEndian ? 2 : 1, 1], 4)
  half(type, 16)
  half(machine, 18)
  long(HEADER, 32)
  half(PROGRAM_HEADER, 54)
  half(3, 56)
  const segments = [
    { kind: 1, at: 0, size: file.length },
    { kind: 2, at: dynamicAt, size: entries.length * 16 },
    // A segment of no kind stands in where there is no interpreter.
    { kind: interpreter === undefined ? 0 : 3, at: stringsAt + interpreterAt, size: (interpreter?.length ?? 0) + 1 },
  ]
  segments.forEach(({ kind, at, size }, index) => {
    const header = HEADER + index * PROGRAM_HEADER
    word(kind, header)
    long(at, header + 8)
    long(LOAD_ADDRESS + at, header + 16)
    long(size, header + 32)
  })
  table.copy(file, stringsAt)
  entries.forEach(([tag, value], index) => {
    long(tag, dynamicAt + index * 16)
    long(value, dynamicAt + index * 16 + 8)
  })
  return file
}
