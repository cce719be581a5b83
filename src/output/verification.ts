import Table from "cli-table3"
import type { Verification } from "../../dagger/src/core/evidence/verification.js"
import { printable } from "../../dagger/src/core/text/printable.js"

/** For people: what was examined, with the verdict and its reason, and the commands of cosign that examine the same. */
export function verificationText({ digest, verified, findings }: Verification, cosign: readonly string[]): string {
  const table = new Table({ head: ["of", "examined", "", "because"], style: { head: [], border: [], compact: true } })
  for (const { subject, examined, verdict, reason } of findings)
    table.push([subject, examined, verdict === "passed" ? "ok" : "WRONG", reason].map(printable))
  const signers = [...new Set(findings.flatMap(({ signer }) => signer ?? []))]
  return [
    table.toString(),
    "",
    `${digest} ${verified ? "is verified" : "is not verified"}`,
    ...signers.map((signer) => `Signed by ${printable(signer)}`),
    "",
    "cosign 3 verifies signatures and attestations with:",
    ...cosign.map((line) => `  ${printable(line)}`),
  ].join("\n")
}
