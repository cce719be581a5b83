/** Waits for every promise before failing with the first error, so that no step goes on behind a reported failure. */
export async function allSettled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work)
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason
    return result.value
  })
}
