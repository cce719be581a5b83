/**
 * `npx tsx scripts/page-pictures.ts`: builds the chrome variant for every platform, takes the picture of the page that the smoke
 * tests look at from each, and writes docs/images/page-ARCH.png. Needs an engine: `eval "$(./runner-images engine up)"`.
 */
import { connection } from "@dagger.io/dagger"
import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { SCREENSHOT } from "../dagger/src/core/checks/browser.js"
import { execChecks } from "../dagger/src/core/checks/suite.js"
import { archOf, PLATFORMS } from "../dagger/src/core/platforms.js"
import { PlatformImages } from "../dagger/src/pipeline/image/platform-image.js"
import { Progress } from "../dagger/src/core/progress/progress.js"
import { prepareBuild } from "../dagger/src/pipeline/image/build-context.js"
import { executed } from "../dagger/src/pipeline/checks/smoke.js"
import { caBundle } from "../src/input/host-files.js"
import { inputsOf } from "../src/runs/inputs.js"

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url))
mkdirSync(IMAGES, { recursive: true })

await connection(async () => {
  const bundle = caBundle(undefined)
  const request = {
    platforms: [...PLATFORMS],
    variants: ["chrome"],
    sources: "registry" as const,
    sudo: false,
    refresh: false,
  }
  const run = await prepareBuild(request, inputsOf(bundle === undefined ? {} : { caBundle: bundle }), new Progress())
  const images = new PlatformImages(run)
  for (const plan of run.plan.variants)
    for (const platform of plan.platforms) {
      const { container, context } = await images.image(plan, platform)
      const picture = `${IMAGES}page-${archOf(platform.platform)}.png`
      await executed(run.engineHost, container, execChecks(context)).file(SCREENSHOT).export(picture)
      console.log(picture)
    }
})
