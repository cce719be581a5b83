export interface BareEngine {
  env: Record<string, string>
  registry: string
}

export async function bareEngine(_options: { log: (line: string) => void }): Promise<BareEngine> {
  throw new Error("not written yet")
}
