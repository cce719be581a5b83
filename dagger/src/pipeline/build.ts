import type { Directory, File } from "@dagger.io/dagger"
import type { Report } from "../core/report.js"
import type { BuildRequest } from "../core/request.js"
import type { VariantName } from "../core/variants.js"
import type { Progress } from "./progress.js"

/** What the pipeline needs beside the request: Dagger's own objects, which each door gets in its own way. */
export interface BuildInputs {
  /** The project's `docker/` folder: what goes into images. */
  docker: Directory
  /** Upstream archives by file name, fetched beforehand. */
  assets?: Directory
  /** Certificate authorities that native download steps trust. Never in a layer. */
  caBundle?: File
}

export interface BuiltVariant {
  variant: VariantName
  report: Report
  /** OCI layout (`oci-layout`, `index.json`, `blobs/`) with `report.json`, `report.md` and `report.xml` beside it; only the reports when a check failed. */
  directory: Directory
}

/** Builds, smoke-tests and finishes every variant for every platform. Checks that fail are in the reports, not thrown. */
export async function build(
  _request: BuildRequest,
  _inputs: BuildInputs,
  _progress: Progress,
): Promise<BuiltVariant[]> {
  throw new Error("not written yet")
}
