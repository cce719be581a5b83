import type { Directory } from "@dagger.io/dagger"
import type { Report } from "../../core/report/report.js"
import type { VariantName } from "../../core/variants/names.js"

export interface BuiltVariant {
  variant: VariantName
  report: Report
  /**
   * OCI layout (`oci-layout`, `index.json`, `blobs/`) with `report.json`, `report.md`, `report.xml` and the images' bills of materials
   * (`sbom/`) next to it; only the reports if a check failed.
   */
  directory: Directory
}
