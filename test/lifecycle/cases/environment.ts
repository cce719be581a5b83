import { readdirSync } from "node:fs"
import { expect } from "vitest"
import { makeCertificate } from "../../fake-github/certificate.js"
import { startForwardProxy } from "../../forward-proxy.js"
import { probeHealth } from "../health-monitor.js"
import { caseGroup } from "../lifecycle-case.js"
import { REPOSITORY } from "../test-environment.js"
import { file, jitConfiguration } from "./registration.js"

/** A name that is nobody's. */
const HOST = "github.test.invalid"

export const ENVIRONMENT = caseGroup("Surroundings and commands", [
  {
    name: "proxy",
    proves: "a proxy is used for everything, and jobs have its variables in upper and lower case",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const proxy = await startForwardProxy(HOST)
      testEnv.defer(() => proxy.close())
      const url = `http://${HOST}:${github.port}`
      const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
      const container = await testEnv.listening({
        ...github.environment,
        ...{ GITHUB_HOST: url, REPO_URL: `${url}/${REPOSITORY}` },
        ...{ HTTP_PROXY, https_proxy: HTTP_PROXY, NO_PROXY: "localhost" },
      })
      const { log } = await github.done(["env | grep -i _proxy= | sort"])
      expect(
        log
          .split("\n")
          .filter((line) => /^\w+_proxy=/i.test(line))
          .sort(),
      ).toEqual([
        `HTTPS_PROXY=${HTTP_PROXY}`,
        `HTTP_PROXY=${HTTP_PROXY}`,
        "NO_PROXY=localhost",
        `http_proxy=${HTTP_PROXY}`,
        `https_proxy=${HTTP_PROXY}`,
        "no_proxy=localhost",
      ])
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect({ listed: github.list(), hosts: new Set(proxy.asked) }).toEqual({
        listed: [],
        hosts: new Set([`${HOST}:${github.port}`]),
      })
    },
  },
  {
    name: "proxy-in-env-file",
    proves: "a proxy that only ENV_FILE names is used for everything as well",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const proxy = await startForwardProxy(HOST)
      testEnv.defer(() => proxy.close())
      const url = `http://${HOST}:${github.port}`
      const source = await file(
        testEnv,
        "settings",
        `HTTP_PROXY=http://127.0.0.1:${proxy.port}\nRUNNER_LABELS=by-file\n`,
      )
      const container = await testEnv.listening(
        { ...github.environment, GITHUB_HOST: url, REPO_URL: `${url}/${REPOSITORY}`, ENV_FILE: "/settings" },
        { mounts: [{ kind: "bind", source, target: "/settings", readonly: true }] },
      )
      expect(github.list()[0]?.labels.map(({ name }) => name)).toContain("by-file")
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect((await testEnv.stop(container)).exitCode).toBe(0)
      expect({ listed: github.list(), hosts: new Set(proxy.asked) }).toEqual({
        listed: [],
        hosts: new Set([`${HOST}:${github.port}`]),
      })
    },
  },
  {
    name: "extra-certificates",
    proves:
      "certificates in the folder EXTRA_CA_CERTS are trusted by the program, the runner, and the programs of jobs",
    gate: true,
    run: async (testEnv) => {
      const certificate = await makeCertificate()
      const github = await testEnv.github({ certificate })
      const source = await file(testEnv, "ca.crt", certificate.cert)
      const mounts = [{ kind: "bind", source, target: "/certificates/ca.crt", readonly: true }] as const
      const environment = {
        ...github.environment,
        GITHUB_HOST: `127.0.0.1:${github.port}`,
        EXTRA_CA_CERTS: "/certificates",
      }
      await testEnv.listening(environment, { mounts })
      const zen = `${github.api}/zen`
      const job = await github.done([
        `curl -fsS ${zen}`,
        `python3 -c 'import urllib.request as r; r.urlopen("${zen}")'`,
        `node -e 'fetch("${zen}").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))'`,
        `git ls-remote ${github.url}/octo/example 2>&1 | grep -v 'certificate'`,
      ])
      expect(job.stepResults.map(({ exitCode }) => exitCode)).not.toContain(1)
      expect(job.result).toBe("Succeeded")
    },
  },
  {
    name: "node-of-a-job",
    proves: "a job that puts another node first on its path breaks neither the next job, the health check, nor the end",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const container = await testEnv.listening(github.environment)
      const broken =
        "mkdir -p bin && printf '#!/bin/sh\\nexit 99\\n' > bin/node && chmod +x bin/node && echo $PWD/bin >> $GITHUB_PATH"
      const job = await github.done([broken, "node --version || [ $? = 99 ]"])
      expect(job.result).toBe("Succeeded")
      expect((await probeHealth(container)).exitCode).toBe(0)
      expect((await github.done(["node --version"])).result).toBe("Succeeded")
      expect((await testEnv.stop(container)).exitCode).toBe(0)
    },
  },
  {
    name: "version",
    proves: "--version prints the runner, the variant, the platform and the tools, for any user on a read-only root",
    gate: true,
    run: async (testEnv) => {
      const { exitCode, stdout, stderr } = await testEnv.run({ args: ["--version"], user: "4711", readOnly: true })
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
      const named = stdout.split("\n").map((line) => line.split(/\s+/)[0])
      expect(named).toEqual(expect.arrayContaining(["runner", "variant", "platform", "node", "npm"]))
      expect(stdout).toMatch(new RegExp(`^platform +${testEnv.platform}$`, "m"))
    },
  },
  {
    name: "help",
    proves: "--help prints the commands and every group of variables",
    run: async (testEnv) => {
      const { exitCode, stdout, stderr } = await testEnv.run({ args: ["--help"] })
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" })
      for (const word of ["doctor", "--version", "REPO_URL", "ACCESS_TOKEN", "APP_ID", "METRICS_PORT"])
        expect(stdout).toContain(word)
    },
  },
  {
    name: "doctor",
    proves: "doctor finds no problem where a runner would work, and registers none",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const { exitCode, stdout } = await testEnv.run({ args: ["doctor"], environment: github.environment }, 30)
      expect(exitCode, stdout).toBe(0)
      expect(github.list()).toEqual([])
      expect(stdout).not.toContain(github.token)
    },
  },
  {
    name: "doctor-token-revoked",
    proves: "doctor ends with the code that the runner would end with, and prints the remedy",
    run: async (testEnv) => {
      const github = await testEnv.github()
      github.tokens.revoke({ token: github.token })
      const { exitCode, stdout } = await testEnv.run({ args: ["doctor"], environment: github.environment }, 30)
      expect(exitCode, stdout).toBe(3)
      expect(stdout).toMatch(/^problem .*\n\s+→ /m)
    },
  },
  {
    name: "another-program",
    proves:
      "another program as the arguments runs in place of the runner, with the container's environment and its own exit code",
    gate: true,
    run: async (testEnv) => {
      const github = await testEnv.github()
      const script = "echo uid=$(id -u) token=$ACCESS_TOKEN; exit 7"
      const { exitCode, stdout } = await testEnv.run({
        args: ["bash", "-c", script],
        environment: github.environment,
      })
      expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: `uid=1001 token=${github.token}\n` })
      expect(github.requests.list()).toEqual([])
    },
  },
  {
    name: "arguments-of-others",
    proves:
      "the arguments that another image starts its runner with start ours: bin/Runner.Listener run --startuptype service; they are in no list of processes, so that a health check by name can fail",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const args = ["./bin/Runner.Listener", "run", "--startuptype", "service"]
      const container = await testEnv.listening(github.environment, { args })
      expect((await github.done(["true"])).result).toBe("Succeeded")
      const { stdout } = await container.exec(["cat", "/proc/1/cmdline"])
      expect(stdout).toContain("runtime.mjs")
      expect(stdout).not.toMatch(/Runner\.Listener|startuptype/)
    },
  },
  {
    name: "scale-set-externals",
    proves: "the init container of an Actions Runner Controller pod copies the externals from where it expects them",
    run: async (testEnv) => {
      const source = await testEnv.folder(0o777)
      const { exitCode } = await testEnv.run({
        entrypoint: ["cp"],
        args: ["-r", "/home/runner/externals/.", "/home/runner/tmpDir/"],
        mounts: [{ kind: "bind", source, target: "/home/runner/tmpDir" }],
      })
      expect({ exitCode, copied: readdirSync(source) }).toEqual({ exitCode: 0, copied: ["node24"] })
    },
  },
  {
    name: "scale-set-run",
    proves:
      "the command of an Actions Runner Controller pod, run.sh with a just-in-time configuration, does a job and ends with 0",
    run: async (testEnv) => {
      const github = await testEnv.github()
      const configuration = await jitConfiguration(github)
      const container = await testEnv.listening(
        { ...github.server, ACTIONS_RUNNER_INPUT_JITCONFIG: configuration },
        { entrypoint: ["/home/runner/run.sh"] },
      )
      expect((await github.done(["true"])).result).toBe("Succeeded")
      expect((await container.ended(testEnv.timeout(20))).exitCode).toBe(0)
      expect(github.list()).toEqual([])
    },
  },
])
