import { execa } from "execa"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { z } from "zod"
import type { Descriptor } from "../../../dagger/src/core/oci/documents.js"
import { PLAN_FILE, pushPlan } from "../../../dagger/src/core/oci/push-plan.js"
import type { Referrer } from "../../../dagger/src/core/oci/referrer.js"
import {
  blobSchema,
  doneSchema,
  manifestsSchema,
  pushSchema,
  referrersSchema,
  surveySchema,
  tagsSchema,
} from "../../../dagger/src/core/oci/registry-answers.js"
import type { Named } from "../../../dagger/src/core/oci/tag-moves.js"
import { REPORT_MEDIA_TYPE } from "../../../dagger/src/core/evidence/referrer.js"
import { ReadAhead } from "../../../dagger/src/core/published/read-ahead.js"
import { TAG_MOVE_TYPE } from "../../../dagger/src/core/published/tag-history.js"
import type { ChangingImages } from "../../../dagger/src/core/published/published-images.js"
import { pathOf } from "../../../dagger/src/core/text/reference.js"

/** The pipeline's client of registries, asked as `pipeline/oci/registry.ts` asks it, without an engine. */
export class ProgramRegistry implements ChangingImages {
  /** How often the program ran. */
  runs = 0

  constructor(
    private readonly program: string,
    private readonly registry: string,
  ) {}

  async tags(repository: string): Promise<string[]> {
    return (await this.run(tagsSchema, "tags", pathOf(repository))).tags
  }

  async find(repository: string, name: string): Promise<string | undefined> {
    const { manifests } = await this.run(manifestsSchema, "-optional", "manifest", pathOf(repository), name)
    return manifests[0]?.content
  }

  async blob(repository: string, digest: string): Promise<string> {
    return (await this.run(blobSchema, "blob", pathOf(repository), digest)).content
  }

  async referrers(repository: string, digest: string): Promise<Descriptor[]> {
    return (await this.run(referrersSchema, "referrers", pathOf(repository), digest)).referrers
  }

  async tag(repository: string, digest: string, tag: string): Promise<void> {
    await this.run(doneSchema, "tag", pathOf(repository), digest, tag)
  }

  settle(): Promise<Named> {
    return Promise.reject(new Error("no tag fails here"))
  }

  async attach(repository: string, referrer: Referrer): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "runner-images-plan-"))
    try {
      const plan = pushPlan([{ repository, index: referrer.subject, referrers: [referrer] }], [])
      for (const [name, content] of Object.entries(plan)) writeFileSync(join(folder, name), content)
      await this.run(pushSchema, "push", join(folder, PLAN_FILE))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  async delete(repository: string, digest: string): Promise<void> {
    await this.run(doneSchema, "-alone", "delete", pathOf(repository), digest)
  }

  /** As the pipeline's `Registry.readAhead`. */
  async readAhead(repository: string, names: readonly string[] = []): Promise<ReadAhead> {
    const flags = ["-contents", REPORT_MEDIA_TYPE, "-records", TAG_MOVE_TYPE]
    const words = ["survey", pathOf(repository), ...names]
    return new ReadAhead(this, repository, await this.run(surveySchema, ...flags, ...words))
  }

  private async run<S extends z.ZodType>(schema: S, ...words: string[]): Promise<z.infer<S>> {
    this.runs++
    const { stdout } = await execa(this.program, ["-registry", this.registry, "-plain-http", "-total", "60s", ...words])
    return schema.parse(JSON.parse(stdout))
  }
}
