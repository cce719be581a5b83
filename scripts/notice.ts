import { z } from "zod"
import type { TOOL_ENTRIES } from "../dagger/src/core/catalog/tools.js"

/** The licences of the catalog's tools, as their projects name them. A tool without an entry does not compile. */
const LICENSES: Readonly<Record<keyof typeof TOOL_ENTRIES, { title: string; license: string; project: string }>> = {
  runner: { title: "GitHub Actions runner", license: "MIT", project: "https://github.com/actions/runner" },
  node: { title: "Node.js", license: "MIT, and those of its parts", project: "https://github.com/nodejs/node" },
  npm: { title: "npm", license: "Artistic-2.0", project: "https://github.com/npm/cli" },
  yarn: { title: "Yarn", license: "BSD-2-Clause", project: "https://github.com/yarnpkg/yarn" },
  docker: { title: "Docker CLI", license: "Apache-2.0", project: "https://github.com/docker/cli" },
  buildx: { title: "Docker buildx", license: "Apache-2.0", project: "https://github.com/docker/buildx" },
  compose: { title: "Docker Compose", license: "Apache-2.0", project: "https://github.com/docker/compose" },
  gh: { title: "GitHub CLI", license: "MIT", project: "https://github.com/cli/cli" },
  go: { title: "Go", license: "BSD-3-Clause", project: "https://github.com/golang/go" },
  chrome: {
    title: "Chrome for Testing",
    license: "Google's terms, see below",
    project: "https://www.google.com/chrome/terms/",
  },
  chromedriver: {
    title: "ChromeDriver",
    license: "Google's terms, see below",
    project: "https://www.google.com/chrome/terms/",
  },
  "playwright-core": {
    title: "Playwright's library",
    license: "Apache-2.0",
    project: "https://github.com/microsoft/playwright",
  },
  playwright: { title: "Playwright", license: "Apache-2.0", project: "https://github.com/microsoft/playwright" },
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional(), dev: z.boolean().optional() }),
  ),
})

/**
 * The packages that npm's lock file names for use, not only for development: name, then version and licence.
 *
 * @param lock the text of package-lock.json
 * @param wanted names of the packages to list; undefined for all
 */
function packages(lock: string, wanted?: readonly string[]): string[][] {
  return Object.entries(lockSchema.parse(JSON.parse(lock)).packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { version = "", license = "unknown" }]): [string, string] => [
      path.replace("node_modules/", ""),
      `${version}, ${license}`,
    ])
    .filter(([name]) => wanted?.includes(name) ?? true)
}

const dependenciesSchema = z.object({ dependencies: z.record(z.string(), z.string()) })

/** What {@link noticeDocument} is made of: texts of this project's files. */
export interface NoticeSources {
  /** The command line's package.json. */
  manifest: string
  /** The command line's package-lock.json. */
  lock: string
  /** The runtime program's package-lock.json. */
  runtimeLock: string
}

/** NOTICE: whose software the images and programs contain, and under which licences. */
export function noticeDocument({ manifest, lock, runtimeLock }: NoticeSources): string {
  const direct = Object.keys(dependenciesSchema.parse(JSON.parse(manifest)).dependencies)
  return `runner-images
This project is under the Apache License, Version 2.0: see LICENSE.

\`npm run docs\` writes this file from the catalog and the lock files; a test fails if they differ. It is no legal advice.


SOFTWARE IN THE IMAGES

An image consists of the distribution's packages, tools of the catalog, and this project's own programs. Its bill of materials lists all of them
with their versions: ./runner-images sbom dist/standard --platform linux/arm64

Packages of Debian, or of Ubuntu: each is under its own licences, whose texts are in the image, in /usr/share/doc/PACKAGE/copyright and
/usr/share/common-licenses. Their source code is in the distribution's archive.

Tools. With --sources registry, the Docker CLI, buildx, compose, GitHub CLI, Chromium and its driver are packages of the distribution.

${aligned(Object.values(LICENSES).map(({ title, license, project }) => [title, license, project]))}

The act runner, in images without GitHub's runner: this project's program around github-act-runner (MIT), compiled with modules of
others. The licences of Go and of all these modules are in the image, in /home/runner/licenses/act-runner.txt.

The runtime program, in every image, in /usr/local/lib/runner-images/runtime.mjs, contains these packages of npm:

${aligned(packages(runtimeLock))}

Their licences' texts are not in the images yet, apart from comments that the packages mark as to be kept; npm has them with each package.


CHROME AND CHROMIUM

Which of the two an image of chrome or chrome-go has, its label com.github.runner.sources and its report say: "chrome": "upstream" is Chrome
for Testing, "chrome": "registry" is the distribution's Chromium. The standard image has neither.

Chromium, from the distribution's packages, is free software (BSD-3-Clause, and the licences of its parts), and may be redistributed.

Chrome for Testing is not known to be redistributable. Its maintainers say that it is a flavour of Google Chrome, to which
https://www.google.com/chrome/terms/ applies (https://github.com/GoogleChromeLabs/chrome-for-testing/issues/21). Packagers have read those
terms as forbidding redistribution (https://github.com/archlinuxcn/repo/issues/2458). So do not publish images with it for others
unless Google allows you to: build with --sources registry, which takes Chromium, or keep the registry to yourself after you have read the
terms. With --sources auto, the default, images have Chrome as soon as the catalog has a checksum for all of its files.


PACKAGES OF THE COMMAND LINE

Users install them from package-lock.json, which names the licences of those that they need in turn. No image contains them.

${aligned(packages(lock, direct))}
`
}

/** Rows whose columns begin below each other. */
function aligned(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(width(column))).join("  ")}`.trimEnd()).join("\n")
}
