import { join } from "node:path"
import * as z from "zod"
import { RuntimeFailure } from "../failure.js"
import { replaceFileSync } from "../files/untrusted-file.js"
import { CONFIGURATION_FILES, isConfigurationFile, removeConfiguration } from "./configuration-files.js"

const FILES = z.record(z.string(), z.base64())

/**
 * Writes the files that a just-in-time configuration consists of: base64 of a JSON object, names of files to their contents in base64.
 * The runner's own `--jitconfig` does the same, but then the secret in it shows in the environment or in the list of processes,
 * where a job can read it.
 *
 * https://docs.github.com/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-an-organization
 *
 * @throws {RuntimeFailure} CONFIGURATION when it is not of that form; nothing is written then
 */
export function writeJitConfiguration(folder: string, encoded: string): void {
  const files = decode(encoded)
  removeConfiguration(folder)
  for (const name of CONFIGURATION_FILES) {
    const content = files[name]
    if (content !== undefined) replaceFileSync(join(folder, name), Buffer.from(content, "base64"), 0o600)
  }
}

function decode(encoded: string): Readonly<Record<string, string>> {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"))
  } catch {
    throw damaged("it is not base64 of a JSON object")
  }
  const files = FILES.safeParse(json)
  if (!files.success) throw damaged("it is not an object of files in base64")
  // A name that contains a folder could be written anywhere.
  const foreign = Object.keys(files.data).find((name) => !isConfigurationFile(name))
  if (foreign !== undefined) throw damaged(`it contains "${foreign}", which is not a configuration file`)
  if (!(".runner" in files.data)) throw damaged("it contains no .runner")
  return files.data
}

function damaged(why: string): RuntimeFailure {
  return new RuntimeFailure(
    "CONFIGURATION",
    `the just-in-time configuration is damaged: ${why}`,
    "Set ACTIONS_RUNNER_INPUT_JITCONFIG to the whole encoded_jit_config from GitHub's answer. It can be used once.",
  )
}
