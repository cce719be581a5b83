import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { readFileSync } from "node:fs"
import * as z from "zod"
import { replaceFileSync } from "../../files/untrusted-file.js"

const LEASE = z.object({
  id: z.int().positive(),
  name: z.string(),
  /** SHA-256 of the lease's secret, in hexadecimal. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})
const FILE = z.object({ leases: z.array(LEASE) })

/** A registered runner whose container is expected to exist. */
export type Lease = z.infer<typeof LEASE>

/**
 * The runners that a broker registered and has not removed, kept in a file that outlives the broker: ids, names and digests, and no secret.
 */
export class Leases {
  readonly #leases = new Map<number, Lease>()
  readonly #file: string | undefined

  /** @param file undefined keeps nothing; one that is damaged or absent counts as empty */
  constructor(file: string | undefined) {
    this.#file = file
    for (const lease of file === undefined ? [] : read(file)) this.#leases.set(lease.id, lease)
  }

  get all(): readonly Lease[] {
    return [...this.#leases.values()]
  }

  /** @returns the lease's secret, with which another connection can continue */
  add(id: number, name: string): string {
    const secret = randomBytes(32).toString("hex")
    this.#leases.set(id, { id, name, digest: digestOf(secret) })
    this.#keep()
    return secret
  }

  find(secret: string): Lease | undefined {
    const digest = Buffer.from(digestOf(secret))
    return this.all.find((lease) => timingSafeEqual(Buffer.from(lease.digest), digest))
  }

  end(id: number): void {
    if (this.#leases.delete(id)) this.#keep()
  }

  #keep(): void {
    if (this.#file === undefined) return
    replaceFileSync(this.#file, `${JSON.stringify({ leases: this.all })}\n`, 0o600)
  }
}

function read(file: string): readonly Lease[] {
  try {
    return FILE.parse(JSON.parse(readFileSync(file, "utf8"))).leases
  } catch {
    return []
  }
}

function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex")
}
