import { execa } from "execa"
import { readFileSync } from "node:fs"
import { chmod, chown, mkdir, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { expect } from "vitest"
import type { Container } from "../container.js"
import { probeHealth } from "../health-monitor.js"
import { caseGroup } from "../lifecycle-case.js"
import type { TestEnvironment, TestGitHub } from "../test-environment.js"
import { file } from "./registration.js"

/** What root needs in order to drop its privileges, as the remedy names it. */
const ENOUGH_CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"]

/** The image's own user, and the broker's. */
const RUNNER = 1001
const AGENT = 1002

/** Everything secret that a GitHub gave or knows: tokens of users, of Apps, for registration and removal. */
function secretsOf(github: TestGitHub): string[] {
  return github.tokens.list().map(({ token }) => token)
}

/** Where a container shows a secret: its processes, its output and its files, looked at from outside as root. */
async function exposures(container: Container, secrets: readonly string[]): Promise<string[]> {
  const processes = await container.processes()
  const shown = (texts: readonly string[]): boolean => secrets.some((secret) => texts.join("\n").includes(secret))
  const [first] = processes.filter(({ pid }) => pid === 1)
  const root = `/proc/${String(first?.hostPid)}/root`
  const folders = [container.written(""), `${root}/dev/shm`, `${root}/run`, `${root}/tmp`]
  const patterns = secrets.flatMap((secret) => ["-e", secret])
  const { stdout } = await execa("grep", ["-rslF", "--devices=skip", ...patterns, ...folders], { reject: false })
  return [
    ...processes.flatMap(({ pid, environment }) => (shown(environment) ? [`environment of ${pid}`] : [])),
    ...processes.flatMap(({ pid, command }) => (shown(command) ? [`command line of ${pid}`] : [])),
    ...(shown([container.lines.text]) ? ["output"] : []),
    ...stdout.split("\n").filter((path) => path !== ""),
  ]
}

/** Tells whom a job runs as, and whether it can write where it works. */
const WHOAMI = "id -u; touch here && echo written"

async function jobRuns(github: TestGitHub, uid: number): Promise<void> {
  const { result, log } = await github.done([WHOAMI])
  expect({ result, lines: log.split("\n").filter((line) => /^(?:\d+|written)$/.test(line)) }).toEqual({
    result: "Succeeded",
    lines: [String(uid), "written"],
  })
}

/** A folder with a socket in it that is for a group, as a host has Docker's. @returns the socket's path */
async function dockerSocket(testEnv: TestEnvironment, group: number): Promise<string> {
  const path = join(await testEnv.folder(), "docker.sock")
  const server = createServer((connection) => connection.end("HTTP/1.0 200 OK\r\n\r\nOK"))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  testEnv.defer(() => void server.close())
  await chown(path, 0, group)
  await chmod(path, 0o660)
  return path
}

const ASK_DOCKER = "curl -sS --unix-socket /var/run/docker.sock http://docker/_ping && echo reached"

/** A job's program that tells of every process whose environment shows it a token. */
const WATCH_ENVIRONMENTS = `
import glob, os
seen = set()
print("watching", flush=True)
while not os.path.exists("/tmp/enough"):
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            before = open(folder + "/cmdline", "rb").read()
            shown = b"ACCESS_TOKEN=" in open(folder + "/environ", "rb").read()
            # One that has ended meanwhile has no words left.
            command = (open(folder + "/cmdline", "rb").read() or before).replace(b"\\0", b" ").decode().strip()
        except OSError:
            continue
        if shown and command not in seen:
            seen.add(command)
            print("seen", command, flush=True)
`

export const SECURITY = caseGroup("Secrets, users and restrictions", [
  {
    name: "no-secret-anywhere",
    proves: "no token is in any process's environment or command line, in a file, in the log, or in what a job can see",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, DEBUG_OUTPUT: "true", MY_TOKEN: "kept" })
      expect(secretsOf(github).length).toBe(2)
      expect(await exposures(container, secretsOf(github))).toEqual([])
      const job = github.job([
        "env; ps -efww",
        "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n' || true",
        "echo waiting; sleep 3",
      ])
      await github.running(job)
      await testEnv.until("the job waits", () => job.log.includes("waiting\n"))
      expect(await exposures(container, secretsOf(github))).toEqual([])
      await github.waitForJob(job, "completed", testEnv.timeout(20))
      expect(secretsOf(github).filter((secret) => job.log.includes(secret))).toEqual([])
      // The job has seen environments, its own at least.
      expect(job.log).toContain("MY_TOKEN=kept")
      await testEnv.stop(container)
      expect(secretsOf(github).filter((secret) => container.lines.text.includes(secret))).toEqual([])
    },
  },
  {
    name: "health-check-shows-no-secret",
    proves: "what engines start for a health check has the container's environment, and no job can read it there",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      // As fast as it can, until it is told that it is enough.
      const job = github.job([`python3 -c '${WATCH_ENVIRONMENTS}'`])
      await github.running(job)
      await testEnv.until("the job watches", () => job.log.includes("watching\n"))
      for (let probe = 0; probe < 10; probe++) expect((await probeHealth(container)).exitCode).toBe(0)
      // One that does show it, for the job to prove that it would have seen.
      await container.exec(["sleep", "1"])
      await container.exec(["touch", "/tmp/enough"])
      expect((await github.waitForJob(job, "completed", testEnv.timeout(20))).result).toBe("Succeeded")
      const seen = job.log.split("\n").filter((line) => line.startsWith("seen "))
      expect(seen.filter((line) => / sleep 1$/.test(line)).length).toBe(1)
      expect(seen.filter((line) => !/ (?:sleep 1|touch \/tmp\/enough)$/.test(line))).toEqual([])
    },
  },
  {
    name: "hooks-see-no-secret",
    proves: "hooks of the image's folders and the user's own are all run, before and after the job, and see no token",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const folder = await testEnv.folder()
      for (const stage of ["started", "completed"]) {
        await mkdir(join(folder, `${stage}.d`))
        const dropIn = `#!/bin/sh\necho "drop-in ${stage}"; env | sort\n`
        await writeFile(join(folder, `${stage}.d`, "10-example"), dropIn, { mode: 0o755 })
        await writeFile(join(folder, `${stage}.sh`), `echo "own ${stage}"; env | sort\n`, { mode: 0o644 })
      }
      const environment = {
        ...github.environment,
        ACTIONS_RUNNER_HOOK_JOB_STARTED: "/etc/runner/hooks/started.sh",
        ACTIONS_RUNNER_HOOK_JOB_COMPLETED: "/etc/runner/hooks/completed.sh",
      }
      const mounts = [{ kind: "bind", source: folder, target: "/etc/runner/hooks", readonly: true }] as const
      await testEnv.listening(environment, { mounts })
      const { result, log } = await github.done(["echo the job"])
      const told = log.split("\n").filter((line) => /^(?:drop-in|own|the job)/.test(line))
      expect({ result, told }).toEqual({
        result: "Succeeded",
        told: ["drop-in started", "own started", "the job", "drop-in completed", "own completed"],
      })
      expect(log).toContain("GITHUB_REPOSITORY=octo/example")
      expect(secretsOf(github).filter((secret) => log.includes(secret))).toEqual([])
    },
  },
  {
    name: "hook-fails",
    proves: "a user's hook that fails before the job fails the job, and its steps do not run",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await file(testEnv, "started.sh", "echo no room; exit 9\n")
      await testEnv.listening(
        { ...github.environment, ACTIONS_RUNNER_HOOK_JOB_STARTED: "/hooks/started.sh" },
        { mounts: [{ kind: "bind", source, target: "/hooks/started.sh", readonly: true }] },
      )
      const job = await github.done(["echo never"])
      expect({ result: job.result, ran: job.log.includes("never\n") }).toEqual({ result: "Failed", ran: false })
    },
  },
  {
    name: "init-of-the-engine",
    proves: "an init process of the engine's own, which shows the container's secrets to jobs, is warned of",
    run: async (testEnv) => {
      const github = await testEnv.github()
      // As docker run --init has it.
      const entrypoint = ["/usr/bin/tini", "--", ...testEnv.image.entrypoint]
      const container = await testEnv.listening(github.environment, { entrypoint })
      expect(container.lines.of("stderr")).toMatch(/warning: .*--init/)
    },
  },
  {
    name: "configuration-hidden-from-jobs",
    proves:
      "jobs see none of the configuration's variables, but the user's own; UNSET_CONFIG_VARS=false leaves all but secrets",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const environment = { ...github.environment, RUNNER_NAME_PREFIX: "seen", OWN_VARIABLE: "1" }
      const hidden = await testEnv.listening(environment)
      const seen = async (): Promise<string[]> => {
        const { log } = await github.done(["env"])
        return log
          .split("\n")
          .filter((line) => /^(?:REPO_URL|RUNNER_NAME_PREFIX|OWN_VARIABLE|ACCESS_TOKEN)=/.test(line))
      }
      expect(await seen()).toEqual(["OWN_VARIABLE=1"])
      await testEnv.stop(hidden)
      await testEnv.listening({ ...environment, UNSET_CONFIG_VARS: "false" })
      expect((await seen()).sort()).toEqual([
        "OWN_VARIABLE=1",
        `REPO_URL=${github.url}/octo/example`,
        "RUNNER_NAME_PREFIX=seen",
      ])
    },
  },
  {
    name: "read-only-root",
    proves: "with a read-only root file system and a temporary folder the runner registers, does a job and leaves",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment, {
        readOnly: true,
        mounts: [{ kind: "tmpfs", target: "/tmp", options: ["exec"] }],
      })
      await jobRuns(github, RUNNER)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "read-only-root-without-folder",
    proves: "a read-only root without a folder to run programs from ends with 10, and the remedy has the option for it",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { exitCode, stderr } = await testEnv.run({
        environment: github.environment,
        readOnly: true,
        mounts: [{ kind: "tmpfs", target: "/tmp" }],
      })
      expect(exitCode).toBe(10)
      expect(stderr).toMatch(/noexec.*\[CONFIGURATION\]\n.*--tmpfs \/tmp:exec/)
    },
  },
  {
    name: "any-user",
    proves: "any user id with group 0, as OpenShift gives, registers and does a job",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment, { user: "1000660000:0" })
      await jobRuns(github, 1000660000)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "any-user-read-only-root",
    proves: "both at once: any user id on a read-only root, without capabilities",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment, {
        user: "1000660000:0",
        readOnly: true,
        capabilities: [],
        noNewPrivileges: true,
        mounts: [{ kind: "tmpfs", target: "/tmp", options: ["exec"] }],
      })
      await jobRuns(github, 1000660000)
    },
  },
  {
    name: "no-capabilities",
    proves: "cap_drop: ALL with no-new-privileges is enough to register, do a job and leave",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment, { capabilities: [], noNewPrivileges: true })
      await jobRuns(github, RUNNER)
      const held = (await container.processes()).map(({ capabilities }) => Number.parseInt(capabilities, 16))
      expect(held.filter((capabilities) => capabilities !== 0)).toEqual([])
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "root",
    proves: "as root with RUN_AS_ROOT=true, as the -root flavour has it, the runner registers, and jobs are root",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening({ ...github.environment, RUN_AS_ROOT: "true" }, { user: "0" })
      await jobRuns(github, 0)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "root-given-away",
    proves:
      "a container that starts as root gives that away for good, with no more than the capabilities that it needs for that: the broker is runner-agent, all else the runner's user",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment, { user: "0", capabilities: ENOUGH_CAPABILITIES })
      await jobRuns(github, RUNNER)
      const others = (await container.processes()).filter(({ pid }) => pid !== 1)
      const [broker, ...more] = others.filter(({ uid }) => uid !== RUNNER)
      expect({ uid: broker?.uid, capabilities: Number(`0x${broker?.capabilities ?? "f"}`), more }).toEqual({
        uid: AGENT,
        capabilities: 0,
        more: [],
      })
      expect(await exposures(container, secretsOf(github))).toEqual([])
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "root-given-away-refused",
    proves: "RUN_AS_ROOT=false without a capability that it needs ends with 10 and the remedy",
    run: async (testEnv) => {
      const github = await testEnv.github()
      // CHOWN is for a work folder that is root's, and this one is not.
      for (const missing of ENOUGH_CAPABILITIES.filter((capability) => !capability.endsWith("CHOWN"))) {
        const { exitCode, stderr } = await testEnv.run({
          environment: { ...github.environment, RUN_AS_ROOT: "false" },
          user: "0",
          capabilities: ENOUGH_CAPABILITIES.filter((capability) => capability !== missing),
        })
        expect({ missing, exitCode }).toEqual({ missing, exitCode: 10 })
        expect(stderr).toMatch(/RUN_AS_ROOT=false .*\[CONFIGURATION\]\n.*--cap-add CHOWN,KILL,SETUID,SETGID/)
      }
      expect(github.list()).toEqual([])
    },
  },
  {
    name: "docker-socket-of-a-group",
    proves:
      "a Docker socket that jobs may not use is warned of, with the group to add; with that group jobs reach Docker",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await dockerSocket(testEnv, 4242)
      const mounts = [{ kind: "bind", source, target: "/var/run/docker.sock" }] as const
      const without = await testEnv.listening(github.environment, { mounts })
      expect(without.lines.of("stderr")).toMatch(/jobs cannot use Docker: .*--group-add 4242/)
      await testEnv.stop(without)
      const with4242 = await testEnv.listening(github.environment, { mounts, addGroups: [4242] })
      expect(with4242.lines.of("stderr")).not.toMatch(/cannot use Docker/)
      expect((await github.done([ASK_DOCKER])).log).toContain("reached")
    },
  },
  {
    name: "docker-socket-root-given-away",
    proves: "RUN_AS_ROOT=false takes the group of the Docker socket along, whatever its number",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await dockerSocket(testEnv, 4242)
      await testEnv.listening(
        { ...github.environment, RUN_AS_ROOT: "false" },
        { user: "0", mounts: [{ kind: "bind", source, target: "/var/run/docker.sock" }] },
      )
      const { log } = await github.done([`${ASK_DOCKER}; id -u`])
      expect(log.split("\n")).toEqual(expect.arrayContaining([expect.stringContaining("reached"), String(RUNNER)]))
    },
  },
  {
    name: "work-volume-of-root",
    proves: "a work volume that belongs to root ends with 10 and the remedy; RUN_AS_ROOT=false makes it the runner's",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await testEnv.folder()
      const mounts = [{ kind: "bind", source, target: "/home/runner/_work" }] as const
      const environment = { ...github.environment, RUNNER_WORKDIR: "/home/runner/_work" }
      const refused = await testEnv.run({ environment, mounts })
      expect(refused.exitCode).toBe(10)
      expect(refused.stderr).toMatch(/jobs cannot work in \/home\/runner\/_work.*\[CONFIGURATION\]\n.*1001/)
      await testEnv.listening({ ...environment, RUN_AS_ROOT: "false" }, { mounts, user: "0" })
      await jobRuns(github, RUNNER)
    },
  },
  {
    name: "stale-temporary-volume",
    proves: "a /tmp that is a volume with files of earlier containers and other users stops nothing",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const source = await testEnv.folder(0o1777)
      const write = async (name: string, uid: number): Promise<void> => {
        await writeFile(join(source, name), "stale\n", { mode: 0o644 })
        await chown(join(source, name), uid, uid)
      }
      for (const [folder, uid] of [
        ["runner", RUNNER],
        ["runner-images-1001", 0],
      ] as const) {
        await mkdir(join(source, folder), { mode: 0o700 })
        await chown(join(source, folder), uid, uid)
      }
      await write("runner/.runner", RUNNER)
      await write("runner_metrics.prom", 0)
      await write("jobs.log", 0)
      await write(".X99-lock", 0)
      const container = await testEnv.listening(github.environment, {
        mounts: [{ kind: "bind", source, target: "/tmp" }],
      })
      await jobRuns(github, RUNNER)
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect(readFileSync(join(source, "jobs.log"), "utf8")).toBe("stale\n")
    },
  },
  {
    name: "zombies",
    proves: "processes that jobs leave behind go to the init process, which takes note of their end",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      // Without the variable by which the runner finds, and ends, what a job left.
      const orphan = "sleep 0.3; ps -o ppid= -p $$ > parent; sleep 0.3"
      const { log } = await github.done([
        `for _ in 1 2 3; do (env -i PATH="$PATH" setsid sh -c '${orphan}' &); done`,
        "sleep 2; tr -d ' ' < parent",
      ])
      expect(log.split("\n")).toContain("1")
      expect((await container.processes()).filter(({ state }) => state === "Z")).toEqual([])
    },
  },
  {
    name: "memory-limit",
    proves: "a job that takes more memory than the container has fails, and the runner takes the next job",
    run: async (testEnv) => {
      const github = await testEnv.github()
      await testEnv.listening(github.environment, { memory: 700 * 2 ** 20 })
      const job = await github.done(["exec python3 -c 'print(len(bytearray(2 ** 31)))'"], {}, 60)
      expect(job.result).toBe("Failed")
      expect((await github.done(["true"])).result).toBe("Succeeded")
    },
  },
])
