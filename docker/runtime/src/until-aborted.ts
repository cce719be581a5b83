/** Resolved once the signal is aborted; never without one. */
export function untilAborted(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(undefined)
    else signal?.addEventListener("abort", () => resolve(undefined), { once: true })
  })
}
