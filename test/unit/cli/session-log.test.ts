import { join } from "node:path"
import { expect, it } from "vitest"
import { SessionLog } from "../../../src/session/log.js"
import { temporaryFolder } from "../temporary-folder.js"

it("the end of Dagger's log is shown without colours, cursor movements, links and empty lines", () => {
  const log = new SessionLog(join(temporaryFolder("session-log"), "logs"))
  log.stream.write("first\n")
  log.stream.write("\u001b[?25l\u001b[31;1merror:\u001b[0m exit code 1\u001b[K\r\n")
  log.stream.write("\u001b[2K\u001b[1A\n \n")
  log.stream.write("\u001b]8;;https://example.com\u0007see\u001b]8;;\u0007 \u001b(Bthe trace\n")
  expect(log.tail(2)).toEqual(["error: exit code 1", "see the trace"])
})

// Node.js 24 looks for the end of such a sequence in whatever follows.
it("a sequence that one line leaves open hides nothing of the next", () => {
  const log = new SessionLog(join(temporaryFolder("session-log"), "logs"))
  log.stream.write("\u001b]0;a title\nerror: exit code 1\nlast\u0007\n")
  expect(log.tail(2)[0]).toBe("error: exit code 1")
})
