import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { type FakeGitHub, startFakeGitHub } from "../../fake-github/fake-github.js"
import type { Job } from "../../fake-github/jobs.js"
import { type Container, Image } from "../entrypoint/container.js"

const TOKEN = "ghp_a_token_that_nobody_sees"

/** A persistent runner in the image's files, and a GitHub that has jobs for it. */
export class CleanedRunner {
  readonly image = Image.create()
  #container: Container | undefined
  readonly #leftOver: number[] = []

  private constructor(private readonly github: FakeGitHub) {}

  static async create(): Promise<CleanedRunner> {
    const github = await startFakeGitHub()
    github.accounts.addRepository("octo/example")
    github.tokens.addPersonal({ token: TOKEN })
    return new CleanedRunner(github)
  }

  /** A path in the image's folder. */
  at(path: string): string {
    return join(this.image.folder, path)
  }

  /** @param as programs that change what the entrypoint runs in, like unshare */
  async start(environment: Readonly<Record<string, string>>, as: string[] = []): Promise<Container> {
    this.#container = this.image.start(
      {
        REPO_URL: `${this.github.url}/octo/example`,
        GITHUB_HOST: this.github.url,
        GITHUB_API_HOST: this.github.api,
        ACCESS_TOKEN: TOKEN,
        RUNNER_NAME: "one",
        METRICS_ENABLED: "true",
        METRICS_PORT: "19247",
        METRICS_FILE: this.at("root/tmp/metrics.prom"),
        JOBS_LOG: this.at("root/tmp/jobs.log"),
        ...environment,
      },
      { as },
    )
    await this.#container.says("Listening for Jobs")
    return this.#container
  }

  /** Runs a job of shell steps to its end, and waits until the runner has told that. */
  async done(...steps: string[]): Promise<Job> {
    const job = this.github.jobs.enqueue({
      repository: "octo/example",
      name: "build",
      steps: steps.map((run) => ({ run })),
    })
    const done = await this.github.waitForJob(job)
    await this.#container?.says(`Job build completed with result: ${done.result ?? "?"}`)
    return done
  }

  /** The names in the temporary folder. Not of a metrics file that is being replaced: that may happen at any moment. */
  temporaryFiles(): string[] {
    const names = readdirSync(this.at("root/tmp"))
    return names.filter((name) => !/^metrics\.prom\..+\.tmp$/.test(name)).sort()
  }

  /** Processes of the container whose command line has the text in it. */
  running(text: string): number[] {
    const found = this.#container?.running(text) ?? []
    // What a job left outlives the container's init process here, where that is not the first of its own process namespace.
    this.#leftOver.push(...found)
    return found
  }

  async close(): Promise<void> {
    await this.#container?.kill()
    for (const pid of this.#leftOver.filter((pid) => existsSync(`/proc/${String(pid)}`))) process.kill(pid, "SIGKILL")
    this.image.remove()
    await this.github.close()
  }
}

/** The program's own lines in a job's log, without folders and process ids of this run. */
export function told({ log }: Job, { image }: CleanedRunner): string[] {
  return log
    .replaceAll(image.folder, "")
    .split("\n")
    .filter((line) => line.includes("runner-images: "))
    .map((line) => line.replace(/^.*?runner-images: /, "").replace(/\b\d{3,}\b/g, "N"))
}
