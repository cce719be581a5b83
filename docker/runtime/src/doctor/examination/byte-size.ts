const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const

/** `67108864` ⇒ `64 MiB`, `1610612736` ⇒ `1.5 GiB`. */
export function byteSize(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const value = bytes / 2 ** (10 * unit)
  return `${String(Number(value.toFixed(value < 10 ? 1 : 0)))} ${String(UNITS[unit])}`
}

export const MEBIBYTE = 2 ** 20
export const GIBIBYTE = 2 ** 30
