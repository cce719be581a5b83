import { writeFileSync } from "node:fs"
import {
  imageParityFailures,
  IMAGES_DIFFER_PROBLEM,
  IMAGES_DIFFER_REMEDY,
} from "../../dagger/src/core/parity/image-parity.js"
import { allowListText } from "../../dagger/src/core/parity/file-manifest.js"
import {
  PARITY_DIFFERS_PROBLEM,
  PARITY_DIFFERS_REMEDY,
  parityFailures,
  type ParityRequest,
} from "../../dagger/src/core/parity/emulation-parity.js"
import { imageParity } from "../../dagger/src/pipeline/parity/image-parity.js"
import { parity, renewedAllowList } from "../../dagger/src/pipeline/parity/emulation-parity.js"
import type { CommandContext } from "../input/context.js"
import type { HostRequest } from "../input/request.js"
import { DetailedError } from "../output/failure.js"
import { imageParityText } from "../output/image-parity.js"
import { parityText } from "../output/parity.js"
import { ALLOW_LIST_FILE } from "../host/paths.js"
import { inSession } from "../session/session.js"
import { inputsOf } from "./inputs.js"

export interface ParityRun {
  bareEngine: boolean
  json: boolean
  /** Absolute path of the certificate authorities that downloads trust. */
  caBundle?: string
}

/** Builds images, compares the platforms with each other and prints the result, then fails if they differ. Throws RunnerImagesError PARITY_DIFFERS. */
export async function runImageParity(
  context: CommandContext,
  host: HostRequest,
  run: Pick<ParityRun, "bareEngine" | "json">,
): Promise<void> {
  const compared = await inSession({ ...context, bareEngine: run.bareEngine }, ({ progress }) =>
    imageParity(host.request, inputsOf(host), progress),
  )
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(compared, null, 2) : compared.map(imageParityText).join("\n\n"))
  const failures = compared.flatMap(imageParityFailures)
  if (failures.length > 0)
    throw new DetailedError("PARITY_DIFFERS", IMAGES_DIFFER_PROBLEM, IMAGES_DIFFER_REMEDY, failures)
}

/** Compares both installations and prints the result, then fails if they differ. Throws RunnerImagesError PARITY_DIFFERS. */
export async function runParity(context: CommandContext, request: ParityRequest, run: ParityRun): Promise<void> {
  const reports = await inSession({ ...context, bareEngine: run.bareEngine }, ({ progress }) =>
    parity(request, inputsOf(run), progress),
  )
  context.terminal.close()
  context.answer(run.json ? JSON.stringify(reports, null, 2) : reports.map(parityText).join("\n\n"))
  const failures = reports.flatMap(parityFailures)
  if (failures.length > 0)
    throw new DetailedError("PARITY_DIFFERS", PARITY_DIFFERS_PROBLEM, PARITY_DIFFERS_REMEDY, failures)
}

/** Writes what differs between two emulated installations into the project's allow-list, and prints that list. */
export async function runAllowListUpdate(
  context: CommandContext,
  request: ParityRequest,
  run: ParityRun,
): Promise<void> {
  const allowed = await inSession({ ...context, bareEngine: run.bareEngine }, ({ progress }) =>
    renewedAllowList(request, inputsOf(run), progress, new Date().toISOString()),
  )
  writeFileSync(ALLOW_LIST_FILE, allowListText(allowed))
  context.terminal.close()
  context.answer(
    run.json
      ? JSON.stringify(allowed, null, 2)
      : [
          ...allowed.map(({ path, fields, reason }) => `${path}: ${fields.join(", ")} (${reason})`),
          `${allowed.length} paths may differ, as listed in ${ALLOW_LIST_FILE}.`,
        ].join("\n"),
  )
}
