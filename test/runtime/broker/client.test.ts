import type { Socket } from "node:net"
import { createInterface } from "node:readline"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { BrokerClient } from "../../../docker/runtime/src/broker/client/client.js"
import { failureOf } from "../github/scripted-server.js"
import { socketPair } from "./socket-pair.js"

const REMOVE = { request: "remove" } as const

let client: BrokerClient
let other: Socket
/** Requests that came. */
let asked: { id: number; request: string }[]
beforeEach(async () => {
  const [own, others] = await socketPair()
  client = new BrokerClient(own)
  other = others
  asked = []
  createInterface({ input: other }).on("line", (line) =>
    asked.push(JSON.parse(line) as { id: number; request: string }),
  )
  other.on("error", () => undefined)
})
afterEach(() => {
  client.close()
  other.destroy()
})

const came = async (count: number): Promise<void> => {
  while (asked.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
}
const answer = (value: unknown): void => void other.write(`${JSON.stringify(value)}\n`)

describe("whoever asks a broker", () => {
  it("gets the answer to its own request", async () => {
    const first = client.send(REMOVE)
    await came(1)
    answer({ id: 1, removal: "busy" })
    expect(await first).toEqual({ removal: "busy" })
    const second = client.send(REMOVE)
    await came(2)
    // To one that was given up.
    answer({ id: 1, removal: "absent" })
    answer({ id: 2, removal: "removed" })
    expect(await second).toEqual({ removal: "removed" })
    expect(asked).toEqual([
      { id: 1, request: "remove" },
      { id: 2, request: "remove" },
    ])
  })

  it("may give up, and ask something else", async () => {
    const reason = new Error("stopped")
    const controller = new AbortController()
    const given = expect(client.send(REMOVE, controller.signal)).rejects.toBe(reason)
    await came(1)
    controller.abort(reason)
    await given
    await expect(client.send(REMOVE, controller.signal)).rejects.toBe(reason)
    expect(asked).toHaveLength(1)
    const second = client.send(REMOVE)
    await came(2)
    answer({ id: 2, removal: "removed" })
    expect(await second).toEqual({ removal: "removed" })
  })

  it("is told a failure as it is", async () => {
    const told = failureOf(client.send(REMOVE))
    await came(1)
    answer({ id: 1, failure: { code: "NETWORK", message: "away", remedy: "Wait." } })
    expect(await told).toBe("NETWORK: away | Wait.")
  })

  it("is told when the broker is gone, or was", async () => {
    const told = failureOf(client.send(REMOVE))
    await came(1)
    other.destroy()
    expect(await told).toMatchInlineSnapshot(
      `"UNCLASSIFIED: the broker, which holds the credential, is gone | It was killed, or it ran out of memory. Start the container again."`,
    )
    await client.ended
    expect(await failureOf(client.send(REMOVE))).toBe(await told)
  })

  it.each(["HTTP/1.1 400 Bad Request\r\n\r\n", "null\n", "[]\n", '"text"\n', `${"x".repeat(300_000)}\n`])(
    "takes what is no broker for none: %#",
    async (text) => {
      const told = failureOf(client.send(REMOVE))
      await came(1)
      other.write(text)
      expect(await told).toContain("UNCLASSIFIED: the broker, which holds the credential, is gone")
      await client.ended
    },
  )
})
