import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { renewKeys } from "../../../docker/runtime/src/container/renewed-keys.js"
import { makeLog } from "../../../docker/runtime/src/log.js"

/** An image's folder that lists these keys; `log` has what was printed. */
function image(list: string | undefined) {
  const library = mkdtempSync(join(tmpdir(), "runner-images-keys-"))
  if (list !== undefined) writeFileSync(join(library, "renewed-keys"), list)
  const printed: string[] = []
  const stream = { write: (text: string) => printed.push(text) }
  return { library, printed, log: makeLog(stream, stream) }
}

const BOTH = "snakeoil-certificate\nssh-host-keys\n"

it("are made by their programs, with a PATH that jobs cannot write to", () => {
  const { library, printed, log } = image(BOTH)
  const made = join(library, "made")
  const writes = (text: string): [string, ...string[]] => ["/bin/sh", "-c", `echo "${text} $PATH" >> ${made}`]
  renewKeys({ library, uid: 0, log }, { "ssh-host-keys": writes("ssh"), "snakeoil-certificate": writes("snakeoil") })
  expect(readFileSync(made, "utf8")).toMatchInlineSnapshot(`
    "snakeoil /usr/sbin:/usr/bin:/sbin:/bin
    ssh /usr/sbin:/usr/bin:/sbin:/bin
    "
  `)
  expect(printed).toEqual([])
})

it("are a warning when they cannot be made, and the next ones are made", () => {
  const { library, printed, log } = image(BOTH)
  renewKeys(
    { library, uid: 0, log },
    {
      "snakeoil-certificate": ["/bin/sh", "-c", "echo the disk is full >&2; exit 1"],
      "ssh-host-keys": ["/nowhere/ssh-keygen", "-A"],
    },
  )
  expect(printed).toMatchInlineSnapshot(`
    [
      "runner-images: warning: snakeoil-certificate: /bin/sh -c echo the disk is full >&2; exit 1 failed: the disk is full
    ",
      "runner-images: warning: ssh-host-keys: /nowhere/ssh-keygen -A failed: spawnSync /nowhere/ssh-keygen ENOENT
    ",
    ]
  `)
})

it("are not made without root, and the log says how", () => {
  const { library, printed, log } = image(BOTH)
  renewKeys({ library, uid: 1001, log })
  expect(printed).toMatchInlineSnapshot(`
    [
      "runner-images: no key is made for services of this container, which was not started as root. To make them: /usr/sbin/make-ssl-cert generate-default-snakeoil; /usr/bin/ssh-keygen -A
    ",
    ]
  `)
})

it.each([
  ["no list", undefined],
  ["an empty one", ""],
  ["what this program does not know", "later-key\n"],
])("are none in an image with %s", (_, list) => {
  const { library, printed, log } = image(list)
  renewKeys({ library, uid: 0, log })
  expect(printed).toEqual([])
})
