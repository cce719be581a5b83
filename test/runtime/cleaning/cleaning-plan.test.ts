import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { cleaningPlan, cleaningVariables, planIn } from "../../../docker/runtime/src/container/cleaning-plan.js"
import { withRunnerLabel } from "../../../docker/runtime/src/container/runner-label.js"
import { makeLog } from "../../../docker/runtime/src/log.js"
import { temporaryFolder } from "../../unit/temporary-folder.js"

const uid = process.getuid?.() ?? 0

function planFor(root: string, said: string[] = []) {
  const out = { write: (text: string) => said.push(text) }
  const configuration = {
    clean: "all",
    name: "one",
    workFolder: join(root, "work"),
    metrics: { file: join(root, "tmp/metrics.prom"), jobsLog: "/elsewhere/jobs.log" },
  } as Parameters<typeof cleaningPlan>[0]
  const plan = cleaningPlan(configuration, { uid, root, log: makeLog(out, out) })
  if (!plan) throw new Error("there is no plan")
  return plan
}

function emptyRoot(): string {
  const root = temporaryFolder("plan")
  for (const name of ["work", "tmp", "var/tmp"]) mkdirSync(join(root, name), { recursive: true })
  return root
}

it("notes what is there before the first job, by bytes", () => {
  const root = emptyRoot()
  writeFileSync(join(root, "tmp/a\nb"), "")
  writeFileSync(Buffer.from(`${root}/tmp/\xff`, "latin1"), "")
  const { workFolder, temporary } = planFor(root)
  expect(workFolder.path).toBe(join(root, "work"))
  expect(temporary.map(({ path, earlier, own }) => [path, [...earlier].sort(), own])).toEqual([
    [join(root, "tmp"), ["a\nb", "\xff"], ["metrics.prom"]],
    [join(root, "var/tmp"), [], []],
  ])
})

it("leaves a folder alone that has more files than an environment can hold", () => {
  const root = emptyRoot()
  for (let each = 0; each < 400; each++) writeFileSync(join(root, `tmp/${String(each).padStart(100, "0")}`), "")
  const said: string[] = []
  const plan = planFor(root, said)
  expect(plan.temporary.map(({ path }) => path)).toEqual([join(root, "var/tmp")])
  expect(said.join("").replaceAll(root, "").replaceAll(String(uid), "N")).toBe(
    "runner-images: warning: jobs' files in /tmp will stay: it has too many other files of user N to tell them apart\n",
  )
})

it("has the label of GitHub's runner as well, once that is configured", () => {
  const root = emptyRoot()
  const plan = planFor(root)
  expect(withRunnerLabel(plan, root).labels).toEqual(["runner-images.runner=one"])
  // As GitHub's runner writes it: with a byte order mark. It takes the checksum of the text in lower case.
  writeFileSync(join(root, ".runner"), '\uFEFF{\n  "agentName": "One"\n}')
  const sum = createHash("sha256").update('{\n  "agentname": "one"\n}').digest("hex")
  expect(withRunnerLabel(plan, root).labels).toEqual(["runner-images.runner=one", sum.slice(0, 6)])
})

it("reaches the cleaner as it was", () => {
  const plan = planFor(emptyRoot())
  const variables = cleaningVariables(plan, { node: "/usr/local/bin/node" })
  expect(planIn(variables)).toEqual(plan)
  expect(variables.RUNNER_CONTAINER_LABEL).toBe("runner-images.runner=one")
  expect(planIn({})).toBeUndefined()
})
