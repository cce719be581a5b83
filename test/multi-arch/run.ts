/**
 * npm run test:multi-arch -- REFERENCE: the tests of this folder on an image in a registry, or on an OCI layout. README.md says what
 * they need. Exits with 0 if all passed, 1 if not, 2 if the command is wrong.
 */
import { execa } from "execa"
import yargs from "yargs"
import { hideBin } from "yargs/helpers"
import { REFERENCE } from "./reference.js"

const { reference } = await yargs(hideBin(process.argv))
  .scriptName("npm run test:multi-arch --")
  .command(
    "$0 <reference>",
    "Test an image on every platform: its manifest list, programs, parity, registration and jobs",
    (command) =>
      command.positional("reference", {
        type: "string",
        demandOption: true,
        describe: "An image in a registry, by tag or digest, or the folder of an OCI layout",
      }),
  )
  .example("$0 ghcr.io/OWNER/github-runner:latest", "")
  .example("$0 dist/standard", "")
  .strict()
  .version(false)
  .fail((message, error: Error | undefined, instance) => {
    if (error) throw error
    instance.showHelp("error")
    console.error(`\n${message}`)
    process.exit(2)
  })
  .parseAsync()

const { exitCode } = await execa("vitest", ["run", "--project", "multi-arch", "--reporter=verbose"], {
  preferLocal: true,
  stdio: "inherit",
  reject: false,
  env: { [REFERENCE]: String(reference) },
})
process.exitCode = exitCode ?? 1
