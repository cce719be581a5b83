import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { STARTS, STARTS_NOT, USER } from "../entrypoint/container.js"
import { CleanedRunner, told } from "./cleaned-runner.js"

/** Some cases give files to the runner's user, and others mount folders. */
const ROOT = process.getuid?.() === 0
const MOUNTS = ROOT && spawnSync("unshare", ["-m", "true"]).status === 0

/** Has what a job's folder has, and belongs to the runner's user, who could remove it. */
const PRECIOUS = ["root/precious", "root/precious/inside", "root/precious/inside/inside"]

let runner: CleanedRunner
beforeEach(async () => {
  runner = await CleanedRunner.create()
  for (const name of PRECIOUS) mkdirSync(runner.at(name))
  writeFileSync(runner.at("root/precious/file"), "")
  writeFileSync(runner.at("root/tmp/earlier"), "")
  if (ROOT)
    for (const name of [...PRECIOUS, "root/precious/file", "root/tmp/earlier"]) chownSync(runner.at(name), USER, USER)
})
afterEach(() => runner.close())

/** Starts the runner, and runs one job. */
async function job(clean: string, steps: string[], more: Record<string, string> = {}, as: string[] = []) {
  const paths = { PRECIOUS: runner.at("root/precious"), WORK: runner.at("work"), TEMPORARY: runner.at("root/tmp") }
  const container = await runner.start({ RUNNER_CLEAN: clean, ...paths, ...more }, as)
  return { container, job: await runner.done(...steps) }
}

function expectPreciousThere(log: string): void {
  expect(
    PRECIOUS.concat("root/precious/file").filter((name) => !existsSync(runner.at(name))),
    log,
  ).toEqual([])
}

describe.skipIf(!STARTS)(STARTS ? "what a job leaves" : `what a job leaves (skipped: ${STARTS_NOT})`, () => {
  it("may be links to folders elsewhere, which are not followed", async () => {
    const { job: done } = await job("all", [
      "ln -s $PRECIOUS linked-folder && ln -s $PRECIOUS/file linked-file && mkdir deep && ln -s $PRECIOUS/inside deep/inside",
      "ln -s $PRECIOUS/inside $WORK/inside",
      "mkdir $WORK/other && ln -s $PRECIOUS/inside $WORK/other/other",
      "ln -s $PRECIOUS $TEMPORARY/linked && mkdir $TEMPORARY/folder && ln -s $PRECIOUS $TEMPORARY/folder/linked",
      "ln $PRECIOUS/file second-name && chmod 700 .",
    ])
    expectPreciousThere(done.log)
    expect(told(done, runner)).toEqual([
      "removed 1 folder of the job from /work",
      "removed 2 temporary files of the job from /root/tmp",
    ])
    expect(runner.temporaryFiles()).toEqual(["earlier", "jobs.log", "metrics.prom"])
  })

  it("may be a link in the work folder's place", async () => {
    mkdirSync(runner.at("own"))
    if (ROOT) chownSync(runner.at("own"), USER, USER)
    const { job: done } = await job(
      "all",
      ["cp -a $WORK/_temp $PRECIOUS && mv $WORK $WORK.old && ln -s $PRECIOUS $WORK"],
      {
        RUNNER_WORKDIR: runner.at("own/work"),
        WORK: runner.at("own/work"),
      },
    )
    expectPreciousThere(done.log)
    expect(told(done, runner)).toContainEqual(
      "warning: nothing was removed from /own/work: it is a link to another folder now",
    )
  })

  it("may have any name, and its name starts no line of a log", async () => {
    const { job: done } = await job("all", [
      `name=$'a\\n::error::of a name'; mkdir -p "$WORK/$name/$name" "$TEMPORARY/$name/folder"`,
      `name=$'\\xff\\xfe'; mkdir -p "$WORK/$name/$name/$name" && touch "$WORK/$name/$name/$name/file" && chmod 555 "$WORK/$name/$name/$name"; touch "$TEMPORARY/$name"`,
      `mkdir -p -- "$WORK/-rf/-rf" "$WORK/ * /. ./$PRECIOUS" "$WORK/ * / * " "$TEMPORARY/--help"`,
    ])
    expectPreciousThere(done.log)
    expect(told(done, runner)).toEqual([
      "removed 5 folders of the job from /work",
      "removed 3 temporary files of the job from /root/tmp",
    ])
    expect(readdirSync(runner.at("work")).sort()).toEqual(["_temp"])
    expect(runner.temporaryFiles()).toEqual(["earlier", "jobs.log", "metrics.prom"])
  })

  it("that cannot be removed is named in one line", async () => {
    const name = "a\n::error::of a name"
    mkdirSync(runner.at(`work/${name}/${name}/folder`), { recursive: true })
    const { job: done } = await job("work", ["true"])
    expect(told(done, runner)).toContainEqual("warning: not removed: /work/a?::error::of a name (Permission denied)")
  })

  it("may be a process with any name", async () => {
    const { job: done } = await job("all", [
      `RUNNER_TRACKING_ID= setsid bash -c "exec -a \\$'x\\n::error::of a name' sleep 4712" > /dev/null 2>&1 < /dev/null & sleep 0.5`,
    ])
    expect(told(done, runner)).toContainEqual("ended 1 process of the job: x?::error::of a name (N)")
    expect(runner.running("sleep 4712")).toEqual([])
  })

  it("may be a process that the kernel lets nobody look into, such as ssh-agent", async () => {
    const { job: done } = await job(
      "all",
      [`RUNNER_TRACKING_ID= setsid $LOADER $(readlink -f /bin/sleep) 4713 > /dev/null 2>&1 < /dev/null & sleep 0.5`],
      // The user may run it and not read it.
      { LOADER: runner.at("library/loader") },
    )
    expect(told(done, runner)[0]).toMatch(/^ended 1 process of the job: /)
    expect(runner.running("4713")).toEqual([])
  })

  it("does not say what was there before it: files that it only changed stay", async () => {
    const { job: done } = await job("all", [
      "echo changed > $TEMPORARY/earlier && touch -d tomorrow $TEMPORARY/earlier",
      "touch -d 2001-01-01 $TEMPORARY/old",
    ])
    expect(runner.temporaryFiles(), done.log).toEqual(["earlier", "jobs.log", "metrics.prom"])
  })

  it("does not change what is removed, or by which program", async () => {
    const plan = {
      clean: "all",
      workFolder: { path: "$PRECIOUS", mount: "" },
      temporary: [{ path: "$PRECIOUS", mount: "", earlier: [] }],
      labels: [],
    }
    const { job: done } = await job("all", [
      `echo "RUNNER_IMAGES_CLEANING=${JSON.stringify(plan).replaceAll('"', '\\"')}" >> $GITHUB_ENV`,
      "printf '#!/bin/sh\\ntouch $PRECIOUS/program\\n' > $TEMPORARY/rm && chmod 755 $TEMPORARY/rm && echo $TEMPORARY >> $GITHUB_PATH",
      "cp $TEMPORARY/rm $TEMPORARY/xargs; cp $TEMPORARY/rm $TEMPORARY/docker; echo 'process.exit(1)' > $TEMPORARY/first.cjs",
      `echo "NODE_OPTIONS=--require=$TEMPORARY/first.cjs" >> $GITHUB_ENV; echo "DOCKER_HOST=tcp://127.0.0.1:1" >> $GITHUB_ENV`,
    ])
    expectPreciousThere(done.log)
    expect(told(done, runner)).toEqual([
      "removed 1 folder of the job from /work",
      "removed 4 temporary files of the job from /root/tmp",
    ])
    expect(existsSync(runner.at("root/precious/program"))).toBe(false)
  })

  it("can ask for nothing: a cleaner that the runner did not start removes nothing", async () => {
    const plan = JSON.stringify({
      clean: "all",
      workFolder: { path: runner.at("root/precious"), mount: "" },
      temporary: [],
      labels: [],
    })
    writeFileSync(
      runner.at("root/tmp/ask.sh"),
      `export RUNNER_IMAGES_CLEANING='${plan}' RUNNER_IMAGES_CLEANER=1\nsetsid "$RUNNER_IMAGES_NODE" ${runner.at("library/runtime.mjs")} 2>&1 &\nsleep 2`,
    )
    chmodSync(runner.at("root/tmp/ask.sh"), 0o755)
    const { job: done } = await job("work", ["bash -c '(setsid bash $TEMPORARY/ask.sh &) ; sleep 4'"])
    expectPreciousThere(done.log)
    expect(told(done, runner)).toContainEqual("warning: nothing is removed: the runner did not start this")
  })
})

describe.skipIf(!STARTS || !MOUNTS)("what a job of root leaves", () => {
  const AS = ["unshare", "-m", "--propagation", "private"]

  it("may have other folders mounted in it, which stay as they are", async () => {
    const { job: done } = await job(
      "all",
      [
        "chown -R 0 $PRECIOUS",
        "mkdir mounted && mount --bind $PRECIOUS mounted && touch file",
        "mkdir -p $WORK/other/other $WORK/more/more && mount --bind $PRECIOUS/inside $WORK/other",
        "mkdir $TEMPORARY/mounted && mount --bind $PRECIOUS $TEMPORARY/mounted && mkdir -p $TEMPORARY/$'a b\\nc/d' && mount -t tmpfs tmpfs $TEMPORARY/$'a b\\nc/d'",
      ],
      { RUN_AS_ROOT: "true" },
      AS,
    )
    expectPreciousThere(done.log)
    expect(told(done, runner)).toEqual([
      "removed 1 folder of the job from /work",
      "warning: not removed: /work/example (something is mounted there)",
      "warning: not removed: /root/tmp/a b?c (something is mounted there), /root/tmp/mounted (something is mounted there)",
    ])
    expect(readdirSync(runner.at("work/example/example"))).toEqual(["file", "mounted"])
  })

  it("may be another folder mounted in the work folder's place", async () => {
    const { job: done } = await job(
      "all",
      ["cp -a $WORK/. $PRECIOUS && mount --bind $PRECIOUS $WORK"],
      { RUN_AS_ROOT: "true" },
      AS,
    )
    expectPreciousThere(done.log)
    expect(told(done, runner)).toEqual(["warning: nothing was removed from /work: something else is mounted there now"])
  })
})
