// loader.mjs ROOT PROGRAM COPY: copies the dynamic linker that a program of the image in ROOT names, from within that image. Reads, never
// executes, so it serves every platform.
import { closeSync, copyFileSync, lstatSync, openSync, readSync } from "node:fs"
import { HEADER_BYTES, readElf } from "./scan/elf.mjs"
import { kindOf, Tree } from "./scan/tree.mjs"

const [root, program, copy] = process.argv.slice(2)
// What is asked for alone is looked at, not the whole image.
const tree = new Tree(root, {
  get(path) {
    const stat = lstatSync(tree.outside(path), { throwIfNoEntry: false })
    return stat && kindOf(stat)
  },
})

/** @param {string} path absolute within the image */
function fileOf(path) {
  const real = tree.resolve(path)
  if (real === undefined || tree.entries.get(real) !== "file") throw new Error(`${path} is no file of the image`)
  return tree.outside(real)
}

/** @param {string} path outside of the image */
function interpreterOf(path) {
  const file = openSync(path, "r")
  /** @param {number} offset @param {number} length */
  const bytes = (offset, length) => {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, readSync(file, buffer, 0, length, offset))
  }
  try {
    return readElf(bytes(0, HEADER_BYTES), bytes)?.interpreter
  } finally {
    closeSync(file)
  }
}

const interpreter = interpreterOf(fileOf(program))
if (interpreter === undefined) throw new Error(`${program} names no dynamic linker`)
copyFileSync(fileOf(interpreter), copy)
