import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Finding } from "../../../docker/runtime/src/doctor/examination/finding.js"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import { Image, STARTS, STARTS_NOT, USER } from "./container.js"

/** Mounts need rights that not every machine's root has. */
const MOUNTS = process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0
const WHY_NOT = STARTS ? "only root can mount" : STARTS_NOT

const TOKEN = "ghp_a_token_that_nobody_sees"
const as = (uid: number): string => `setpriv --reuid=${uid} --regid=${uid} --clear-groups`
const WITHOUT = "setpriv --bounding-set=-all --inh-caps=-all --no-new-privs"
const CHECKS = ["user", "folders", "runner folder", "work folder", "tool cache"]

interface Situation {
  /** Commands before the entrypoint, in a mount namespace of its own; the image's folder is the working directory. */
  readonly mounts?: string
  /** A program that starts the entrypoint as somebody else. */
  readonly by?: string
  readonly environment?: (image: Image) => Record<string, string>
  readonly prepare?: (image: Image) => void
}

const readOnly = (...names: string[]): string =>
  names.map((name) => `mount --bind ${name} ${name}; mount -o remount,bind,ro ${name}`).join("; ")

/** What a container may be started with, and what the runner makes of it. */
const SITUATIONS: Record<string, Situation> = {
  "the image's user": { by: as(USER) },
  "root, which is given away": {},
  "root, and a work folder that is root's": {
    prepare: ({ folder }) => chownSync(join(folder, "work"), 0, 0),
  },
  "root that stays root": { environment: () => ({ RUN_AS_ROOT: "true" }) },
  "root that cannot become another": { by: WITHOUT },
  "root that must become another and cannot": { by: WITHOUT, environment: () => ({ RUN_AS_ROOT: "false" }) },
  "a user that nobody knows": { by: as(54321) },
  "a read-only root": { by: as(USER), mounts: readOnly("home", "work") },
  "a read-only root, started by root": { mounts: readOnly("home", "work") },
  "a read-only root and a work folder of a volume": { by: as(USER), mounts: readOnly("home") },
  "a read-only root, another user and one temporary folder in which nothing may run": {
    by: as(54321),
    mounts: `${readOnly("home", "work")}; mount -t tmpfs -o noexec,mode=1777 tmpfs root/tmp`,
  },
  "a read-only root without a folder in which programs may run": {
    by: as(USER),
    mounts: `${readOnly("home", "work")}; for each in tmp var/tmp dev/shm; do mount -t tmpfs -o noexec,mode=1777 tmpfs root/$each; done`,
  },
  "a read-only root and temporary folders that are too small": {
    by: as(USER),
    mounts: `${readOnly("home", "work")}; for each in tmp var/tmp dev/shm; do mount -t tmpfs -o size=16k,mode=1777 tmpfs root/$each; done`,
  },
  "a work folder that is root's": {
    by: as(USER),
    prepare: ({ folder }) => chownSync(join(folder, "work"), 0, 0),
  },
  "a work folder in which no program may run": {
    by: as(USER),
    mounts: "mount -t tmpfs -o noexec,mode=1777 tmpfs work",
  },
  "a work folder with another user's files": {
    prepare: ({ folder }) => {
      mkdirSync(join(folder, "work/example/example/dist"), { recursive: true })
      for (const name of ["example", "example/example"]) chownSync(join(folder, "work", name), USER, USER)
    },
  },
  "a work folder with another user's files that all may write to": {
    by: as(USER),
    prepare: ({ folder }) => {
      writeFileSync(join(folder, "work/file"), "")
      chmodSync(join(folder, "work/file"), 0o666)
    },
  },
  "a tool cache that is root's": {
    prepare: ({ folder }) => chmodSync(join(folder, "cache"), 0o755),
  },
  "a work folder below a file": {
    by: as(USER),
    prepare: ({ folder }) => writeFileSync(join(folder, "work/file"), ""),
    environment: ({ folder }) => ({ RUNNER_WORKDIR: join(folder, "work/file/below") }),
  },
  "a work folder through another user's link": {
    prepare: ({ folder }) => {
      mkdirSync(join(folder, "elsewhere"))
      spawnSync("sh", ["-c", `ln -s elsewhere '${folder}/link'; chown -h ${USER} '${folder}/link'`])
    },
    environment: ({ folder }) => ({ RUNNER_WORKDIR: join(folder, "link/work") }),
  },
}

let github: FakeGitHub
beforeAll(async () => {
  github = await startFakeGitHub()
  github.accounts.addRepository("octo/example")
  github.tokens.addPersonal({ token: TOKEN })
})
afterAll(() => github.close())

function starter({ folder }: Image, { mounts = ":", by = "" }: Situation): string[] {
  return ["unshare", "-m", "sh", "-c", `cd '${folder}'; set -e; ${mounts}; cd /; exec ${by} "$@"`, "sh"]
}

interface Found {
  readonly exitCode: number
  readonly findings: readonly string[]
}

async function examine(image: Image, situation: Situation, environment: Record<string, string>): Promise<Found> {
  const container = image.start(environment, { args: ["doctor", "--json"], as: starter(image, situation) })
  const exitCode = await container.ended()
  const { output } = container
  const { findings } = JSON.parse(output.slice(output.indexOf("{\n"))) as { findings: Finding[] }
  return {
    exitCode: exitCode ?? -1,
    findings: findings
      .filter(({ check }) => CHECKS.includes(check))
      .map(({ check, status, text }) => `${status} ${check}: ${text}`.replaceAll(image.folder, "")),
  }
}

/** What a runner says of its user and its folders, and how its start ends: with 0 if it can take jobs. */
async function start(image: Image, situation: Situation, environment: Record<string, string>): Promise<Found> {
  const container = image.start(environment, { as: starter(image, situation) })
  await container.says("Listening for Jobs").catch(() => undefined)
  container.signal("SIGTERM")
  const exitCode = (await container.ended()) ?? -1
  const lines = container.output.replaceAll(image.folder, "").split("\n")
  return {
    exitCode,
    findings: lines.flatMap((line) => {
      const [, text] =
        /^(?:runner-images: )?((?:warning: |error: )?(?:jobs (?:cannot )?work in|jobs can|setup actions|the runner and its jobs|\S+ is read-only|RUN_AS_ROOT|the runner needs|the folder).*)$/.exec(
          line,
        ) ?? []
      return text === undefined ? [] : [text]
    }),
  }
}

/** Owners and modes of everything that the doctor must leave alone. */
function state({ folder }: Image): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("home/_diag") && existsSync(join(folder, name)))
    .map((name) => `${name} ${statSync(join(folder, name)).uid} ${statSync(join(folder, name)).mode.toString(8)}`)
    .sort()
}

describe.skipIf(!STARTS || !MOUNTS)(
  STARTS && MOUNTS ? "the doctor finds what a start does" : `the doctor (skipped: ${WHY_NOT})`,
  () => {
    it.each(Object.entries(SITUATIONS))("with %s", async (what, situation) => {
      const image = Image.create()
      try {
        const cache = join(image.folder, "cache")
        mkdirSync(cache)
        chmodSync(cache, 0o777)
        situation.prepare?.(image)
        const environment = {
          REPO_URL: `${github.url}/octo/example`,
          GITHUB_HOST: github.url,
          GITHUB_API_HOST: github.api,
          ACCESS_TOKEN: TOKEN,
          RUNNER_NAME: "one",
          RUNNER_TOOL_CACHE: cache,
          ...situation.environment?.(image),
        }
        const before = state(image)
        const examined = await examine(image, situation, environment)
        expect(state(image)).toEqual(before)
        const started = await start(image, situation, environment)
        expect({ what, exitCode: examined.exitCode }).toEqual({ what, exitCode: started.exitCode })
        expect([...examined.findings, "→", ...started.findings].join("\n")).toMatchSnapshot()
      } finally {
        image.remove()
      }
    })
  },
)
