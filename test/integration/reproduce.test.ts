import { dag, type Container } from "@dagger.io/dagger"
import { describe, expect, it } from "vitest"
import { readLayout } from "../../dagger/src/core/oci/layout.js"
import { reproductionText } from "../../dagger/src/core/render/reproduction.js"
import { compareLayouts, differentPairs, withContents } from "../../dagger/src/core/reproduce/reproduction.js"
import type { EngineHost } from "../../dagger/src/pipeline/engine/engine-host.js"
import { finish, layoutOf } from "../../dagger/src/pipeline/oci/finish.js"
import { compareLayers } from "../../dagger/src/pipeline/reproduce/reproduce.js"
import { inSession } from "./foreign-packages.js"
import { FINISH } from "./images.js"

const FILES = `mkdir -p /made/folder && cd /made
printf 'one\\ntwo\\nthree\\n' > text
printf 'a\\0b' > bytes
printf same > end
touch mode owner gone
ln -s text link
touch -d 2001-02-03 time`

/** The same, but for one difference of each kind. */
const SEEDED = `${FILES}
sed -i s/two/2/ text
printf 'a\\0c' > bytes
printf 'same\\n' > end
chmod 700 mode
chown 1:2 owner
rm gone && touch new
ln -sf bytes link
touch -d 2001-02-04 time
rmdir folder && touch folder`

const image = ({ root, platform }: EngineHost, command: string): Container =>
  root(platform).withExec(["sh", "-ec", command]).withEnvVariable("KEPT", "1")

async function compared(
  original: (engineHost: EngineHost) => Container,
  rebuilt: (engineHost: EngineHost) => Container,
  annotations = FINISH.annotations,
) {
  return inSession(async (engineHost) => {
    const made = async (container: Container, given = FINISH.annotations) => {
      const { platform } = engineHost
      const layers = { [platform]: ["base image", "files"] }
      const finished = await finish([{ platform, container }], { ...FINISH, layers, annotations: given }, engineHost)
      const layout = layoutOf(finished, engineHost)
      return { layout, documents: await readLayout((path) => layout.file(path).contents()) }
    }
    const before = await made(original(engineHost))
    const after = await made(rebuilt(engineHost), annotations)
    const names = (_platform: string, place: number) => ["base image", "files"][place] ?? "none"
    const found = compareLayouts("small", before.documents, after.documents, names)
    const pairs = differentPairs(found)
    const contents = await compareLayers(engineHost, before.layout, after.layout, pairs)
    return withContents(found, contents)
  })
}

/** Digests change with the base image. */
const textOf = (found: Parameters<typeof reproductionText>[0]) =>
  reproductionText(found)
    .replaceAll(/sha256:[0-9a-f]{64}/g, "DIGEST")
    .replaceAll(/linux\/\w+/g, "PLATFORM")

describe("a comparison of two builds", () => {
  it("names every kind of difference, with its file and layer", async () => {
    const found = await compared(
      (engineHost) => image(engineHost, FILES),
      (engineHost) =>
        image(engineHost, SEEDED)
          .withoutEnvVariable("KEPT")
          .withEnvVariable("NEW", "a=b")
          .withLabel("org.example.a", "1"),
      { ...FINISH.annotations, "org.opencontainers.image.version": "2.0.0" },
    )
    expect(found.equal).toBe(false)
    expect(textOf(found)).toMatchInlineSnapshot(`
      "small: not reproduced, DIGEST → DIGEST
        index annotations["org.opencontainers.image.version"]: "1.2.3" → "2.0.0"
        PLATFORM: DIGEST → DIGEST
          manifest.annotations["org.opencontainers.image.version"]: "1.2.3" → "2.0.0"
          config.config.Env.KEPT: "1" → nothing
          config.config.Env.NEW: nothing → "a=b"
          config.config.Labels["org.example.a"]: nothing → "1"
          layer 2, files: DIGEST → DIGEST
            /made/bytes: content differs from byte 2
            /made/end: size 4 → 5, content differs from byte 4
            /made/folder: kind folder → file, mode 0755 → 0644, size none → 0
            /made/gone: only in the original image
            /made/link: target text → bytes
            /made/mode: mode 0644 → 0700
            /made/new: only in the rebuilt image
            /made/owner: owner 0:0 → 1:2
            /made/text: size 14 → 12, content
              --- original
              +++ rebuilt
              @@ -1,3 +1,3 @@
               one
              -two
              +2
               three
            /made/time: time 981158400 → 981244800"
    `)
  })

  it("finds nothing in equal ones", async () => {
    const found = await compared(
      (engineHost) => image(engineHost, FILES),
      (engineHost) => image(engineHost, FILES),
    )
    expect(found).toMatchObject({ equal: true, index: [], platforms: [{ documents: [], layers: [] }] })
  })

  it("says if only the form of a layer differs", async () => {
    const program = `import tarfile, subprocess, hashlib, os, sys
os.makedirs('/layers/blobs/sha256')
def write(order, level):
    path = '/tmp/layer'
    with tarfile.open(path, 'w', format=tarfile.PAX_FORMAT) as archive:
        for name in order:
            archive.addfile(tarfile.TarInfo(name))
    data = subprocess.run(['gzip', '-n', level, '-c', path], stdout=subprocess.PIPE, check=True).stdout
    digest = hashlib.sha256(data).hexdigest()
    open('/layers/blobs/sha256/' + digest, 'wb').write(data)
    print('sha256:' + digest)
names = ['file%d' % number for number in range(300)]
write(names, '-1'); write(names, '-9'); write(names[::-1], '-1')`
    const found = await inSession(async (engineHost) => {
      const made = engineHost.toolbox.withExec(["python3", "-c", program])
      const [fast = "", small = "", reversed = ""] = (await made.stdout()).trim().split("\n")
      const layers = made.directory("/layers")
      return compareLayers(engineHost, layers, dag.directory().withDirectory("/", layers), [
        { original: fast, rebuilt: small },
        { original: fast, rebuilt: reversed },
      ])
    })
    expect(found).toEqual([
      { files: [], count: 0, otherwise: "compression" },
      { files: [], count: 0, otherwise: "order or form of the archive's entries" },
    ])
  })
})
