import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { Lines } from "../../lifecycle/lines.js"

it("waits for a line, finds one that has come, and tells when none can come any more", async () => {
  const lines = new Lines()
  const [out, err] = [new PassThrough(), new PassThrough()]
  lines.read("stdout", out)
  lines.read("stderr", err)
  const waiting = lines.waitFor(/^second/, 1000)
  out.write("first\nsec")
  out.write("ond line\n")
  expect(await waiting).toMatchObject({ stream: "stdout", text: "second line" })
  expect((await lines.waitFor(/^first$/, 1)).text).toBe("first")
  await expect(lines.waitFor(/^first$/, 10, 1)).rejects.toThrow("no line /^first$/ after 10 ms\n  first\n  second line")
  const never = lines.waitFor(/never/, 1000)
  err.end("warning\n")
  await lines.waitFor(/warning/, 1000)
  lines.end()
  await expect(never).rejects.toThrow("no line /never/ before the end")
  expect(lines.of("stderr")).toBe("warning\n")
  expect(lines.count(/./)).toBe(3)
})
