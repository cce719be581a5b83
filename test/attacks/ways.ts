import { execa } from "execa"
import { chown, chmod, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { appKey, installApp } from "../lifecycle/cases/registration.js"
import type { Container } from "../lifecycle/container.js"
import { freePort, type TestEnvironment, type TestGitHub } from "../lifecycle/test-environment.js"
import type { ContainerOptions, Mount } from "../lifecycle/runtime-spec.js"
import { keyNeedles, type Needle } from "./needles.js"

/** The image's account for the broker. */
const AGENT = 1002

/** What a way of starting adds to a runner's container. */
export interface Start {
  readonly options: ContainerOptions
  readonly secrets: readonly Needle[]
  /** TCP ports of the broker's, for jobs to try. */
  readonly ports?: readonly number[]
  readonly broker?: Container
}

/** A way of starting a runner. */
export interface Way {
  readonly name: string
  /** Where the credential is, as the table's legend has it. */
  readonly meaning: string
  /** Images from before the broker have it as well. */
  readonly old?: true
  /** The runner does one job, and its container ends with it. */
  readonly oneJob?: true
  /** Nobody has a credential at the end, to remove the runner with. */
  readonly cannotRemove?: true
  readonly start: (testEnv: TestEnvironment, github: TestGitHub) => Promise<Start>
}

const ROOT = { user: "0:0", noNewPrivileges: true } as const

/** A runner without any credential. */
function bare(github: TestGitHub): Record<string, string> {
  const { ACCESS_TOKEN: _, ...environment } = github.environment
  return environment
}

/** A file of root alone, for a container. */
async function rootFile(testEnv: TestEnvironment, text: string): Promise<string> {
  const path = join(await testEnv.folder(), "secret")
  await writeFile(path, text, { mode: 0o600 })
  return path
}

const SECRET = "/run/secrets/github"

async function secretMount(testEnv: TestEnvironment, text: string): Promise<Mount> {
  return { kind: "bind", source: await rootFile(testEnv, text), target: SECRET, readonly: true }
}

async function brokerByUnix(testEnv: TestEnvironment, github: TestGitHub): Promise<Start> {
  const folder = await testEnv.folder(0o700)
  await chown(folder, AGENT, AGENT)
  const mounts = [{ kind: "bind", source: folder, target: "/run/runner-broker" }] as const
  const broker = await testEnv.start({ ...ROOT, args: ["broker"], environment: github.environment, mounts })
  await broker.lines.waitFor(/ listens on unix:/, testEnv.timeout(20))
  const environment = { ...github.server, BROKER_URL: "unix:///run/runner-broker/broker.sock" }
  return { options: { ...ROOT, environment, mounts }, secrets: [], broker }
}

/** An authority of its own, and certificates of both sides. PEM files in a folder. */
async function certificates(folder: string): Promise<void> {
  const openssl = (...words: string[]): Promise<unknown> => execa("openssl", words, { cwd: folder })
  const key = ["-newkey", "rsa:2048", "-nodes"]
  await openssl("req", "-x509", ...key, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
  await writeFile(join(folder, "names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
  for (const side of ["broker", "runner"]) {
    await openssl("req", ...key, "-subj", `/CN=${side}`, "-keyout", `${side}.key`, "-out", `${side}.csr`)
    const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    const files = ["-in", `${side}.csr`, "-out", `${side}.pem`, "-extfile", "names"]
    await openssl("x509", "-req", "-days", "2", ...authority, ...files)
  }
}

async function brokerByTls(testEnv: TestEnvironment, github: TestGitHub): Promise<Start> {
  const [folder, shown] = [await testEnv.folder(), await testEnv.folder()]
  await certificates(folder)
  const read = async (name: string): Promise<string> => (await execa("cat", [join(folder, name)])).stdout
  for (const name of ["ca.pem", "broker.pem", "runner.pem"]) {
    await writeFile(join(shown, name), `${await read(name)}\n`)
    await chmod(join(shown, name), 0o644)
  }
  const mounts = [{ kind: "bind", source: shown, target: "/certificates", readonly: true }] as const
  const identity = async (side: string): Promise<Record<string, string>> => ({
    BROKER_CA_FILE: "/certificates/ca.pem",
    BROKER_CERT_FILE: `/certificates/${side}.pem`,
    BROKER_KEY: `${await read(`${side}.key`)}\n`,
  })
  const port = await freePort()
  const broker = await testEnv.start({
    ...ROOT,
    args: ["broker"],
    environment: {
      ...github.environment,
      ...(await identity("broker")),
      BROKER_LISTEN: `tls://127.0.0.1:${String(port)}`,
    },
    mounts,
  })
  await broker.lines.waitFor(/ listens on tls:/, testEnv.timeout(20))
  const environment = {
    ...github.server,
    ...(await identity("runner")),
    BROKER_URL: `tls://127.0.0.1:${String(port)}`,
  }
  const secrets = [
    ...keyNeedles("key of the runner's certificate", await read("runner.key")),
    ...keyNeedles("key of the broker's certificate", await read("broker.key")),
  ]
  return { options: { environment, mounts }, secrets, ports: [port], broker }
}

export const WAYS = wayTable([
  {
    name: "root",
    meaning: "starts as root; the token is a file of root's alone, and the broker another user's process",
    old: true,
    start: async (testEnv, github) => ({
      options: {
        ...ROOT,
        environment: { ...bare(github), ACCESS_TOKEN_FILE: SECRET, RUN_AS_ROOT: "false" },
        mounts: [await secretMount(testEnv, github.token)],
      },
      secrets: [],
    }),
  },
  {
    name: "root-variable",
    meaning: "starts as root; the token is a variable of the container",
    old: true,
    start: (_, github) =>
      Promise.resolve({
        options: { ...ROOT, environment: { ...github.environment, RUN_AS_ROOT: "false" } },
        secrets: [],
      }),
  },
  {
    name: "user",
    meaning: "starts as the image's user; the token is a variable, and the broker a process of the same user",
    old: true,
    start: (_, github) => Promise.resolve({ options: { environment: github.environment }, secrets: [] }),
  },
  {
    name: "user-forget",
    meaning: "the same with the key of a GitHub App, which is given up after registration",
    cannotRemove: true,
    start: (_, github) => {
      const key = appKey()
      const environment = { ...installApp(github, key), APP_PRIVATE_KEY: key, FORGET_CREDENTIAL: "true" }
      return Promise.resolve({ options: { environment }, secrets: keyNeedles("key of the App", key) })
    },
  },
  {
    name: "ephemeral",
    meaning: "starts as the image's user, with the key of a GitHub App; one job by a just-in-time configuration",
    old: true,
    oneJob: true,
    start: (_, github) => {
      const key = appKey()
      const environment = { ...installApp(github, key), APP_PRIVATE_KEY: key, EPHEMERAL: "true" }
      return Promise.resolve({ options: { environment }, secrets: keyNeedles("key of the App", key) })
    },
  },
  {
    name: "broker-unix",
    meaning: "starts as root; the token is in a container of the broker's own, reached by a socket",
    start: brokerByUnix,
  },
  {
    name: "broker-tls",
    meaning: "starts as the image's user; the token is in a container of the broker's own, reached by TLS",
    start: brokerByTls,
  },
])

function wayTable(ways: readonly Way[]): readonly Way[] {
  return ways
}
