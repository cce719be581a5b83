import type { Duplex } from "node:stream"

/**
 * The first line on the channel between supervisor and broker, from either side: its sender sends nothing more before it has an answer.
 *
 * @returns undefined when the other side is gone
 */
export async function firstLine(channel: Duplex): Promise<string | undefined> {
  const chunks: Buffer[] = []
  return await new Promise((resolve) => {
    const take = (chunk: Buffer): void => {
      chunks.push(chunk)
      if (chunk.at(-1) === 0x0a) done(Buffer.concat(chunks).toString("utf8"))
    }
    const closed = (): void => done(undefined)
    const done = (line: string | undefined): void => {
      channel.off("data", take)
      channel.off("close", closed)
      channel.pause()
      resolve(line)
    }
    channel.on("data", take)
    channel.on("close", closed)
    channel.on("error", () => undefined)
  })
}
