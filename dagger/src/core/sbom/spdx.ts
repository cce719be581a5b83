import { createHash } from "node:crypto"
import { z } from "zod"
import type { Bill, Component } from "./bill.js"
import { documentId } from "./document-id.js"

/** https://spdx.github.io/spdx-spec/v2.3/: the parts of the format that our documents have. */

const NOASSERTION = "NOASSERTION"

const id = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/)
const noAssertion = z.literal(NOASSERTION)

const checksumSchema = z.discriminatedUnion("algorithm", [
  z.strictObject({ algorithm: z.literal("SHA256"), checksumValue: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ algorithm: z.literal("SHA512"), checksumValue: z.string().regex(/^[0-9a-f]{128}$/) }),
])

const packageSchema = z.strictObject({
  SPDXID: id,
  name: z.string().min(1),
  versionInfo: z.string().min(1),
  primaryPackagePurpose: z.enum(["CONTAINER", "APPLICATION", "LIBRARY"]).optional(),
  supplier: noAssertion,
  downloadLocation: noAssertion.or(z.url()),
  filesAnalyzed: z.literal(false),
  checksums: z.array(checksumSchema).optional(),
  sourceInfo: z.string().optional(),
  licenseConcluded: noAssertion,
  /** An expression. */
  licenseDeclared: z.string().min(1),
  copyrightText: noAssertion,
  comment: z.string().optional(),
  externalRefs: z.array(
    z.strictObject({
      referenceCategory: z.literal("PACKAGE-MANAGER"),
      referenceType: z.literal("purl"),
      referenceLocator: z.string().startsWith("pkg:"),
    }),
  ),
})
type SpdxPackage = z.infer<typeof packageSchema>

const documentSchema = z.strictObject({
  spdxVersion: z.literal("SPDX-2.3"),
  dataLicense: z.literal("CC0-1.0"),
  SPDXID: z.literal("SPDXRef-DOCUMENT"),
  name: z.string().min(1),
  documentNamespace: z.url(),
  creationInfo: z.strictObject({
    created: z.iso.datetime({ precision: 0 }),
    creators: z.array(z.string().startsWith("Tool: ")),
  }),
  packages: z.array(packageSchema),
  relationships: z.array(
    z.strictObject({
      spdxElementId: id,
      relationshipType: z.enum(["DESCRIBES", "CONTAINS"]),
      relatedSpdxElement: id,
    }),
  ),
})
export type SpdxDocument = z.infer<typeof documentSchema>

/** What every package says that has nothing to say. */
const UNKNOWN = {
  supplier: NOASSERTION,
  filesAnalyzed: false,
  licenseConcluded: NOASSERTION,
  copyrightText: NOASSERTION,
} as const

/** The bill as a document of SPDX 2.3. */
export function spdxDocument({ image, components }: Bill): SpdxDocument {
  const { name, variant, platform, digest, created, base, builtBy } = image
  const title = `${name}-${variant}-${platform.replaceAll("/", "-")}`
  const root: SpdxPackage = {
    SPDXID: "SPDXRef-Image",
    name,
    versionInfo: digest,
    primaryPackagePurpose: "CONTAINER",
    downloadLocation: NOASSERTION,
    ...UNKNOWN,
    checksums: [{ algorithm: "SHA256", checksumValue: digest.replace("sha256:", "") }],
    licenseDeclared: NOASSERTION,
    comment: `variant ${variant} for ${platform}, built on ${base}`,
    externalRefs: packageUrlReference(image.packageUrl),
  }
  const contents = components.map(spdxPackage)
  return documentSchema.parse({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: title,
    // Whoever has no website of their own uses this one, which only has to be unique.
    documentNamespace: `https://spdx.org/spdxdocs/${title}-${documentId(digest)}`,
    creationInfo: { created, creators: [`Tool: runner-images-${builtBy}`] },
    packages: [root, ...contents],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: root.SPDXID },
      ...contents.map(({ SPDXID }) => ({
        spdxElementId: root.SPDXID,
        relationshipType: "CONTAINS" as const,
        relatedSpdxElement: SPDXID,
      })),
    ],
  } satisfies SpdxDocument)
}

function spdxPackage(component: Component): SpdxPackage {
  const { kind, name, version, packageUrl, source, license, download, checksums, goSum, paths } = component
  const info = source
    ? `built package from: ${source.name} ${source.version}`
    : paths.map((path) => `in ${path}`).join(", ")
  const hashes = [
    ...(checksums.sha256 === undefined ? [] : [{ algorithm: "SHA256" as const, checksumValue: checksums.sha256 }]),
    ...(checksums.sha512 === undefined ? [] : [{ algorithm: "SHA512" as const, checksumValue: checksums.sha512 }]),
  ]
  return {
    SPDXID: idOf(component),
    name,
    versionInfo: version,
    ...(kind === "package" ? {} : { primaryPackagePurpose: kind === "tool" ? "APPLICATION" : "LIBRARY" }),
    downloadLocation: download ?? NOASSERTION,
    ...UNKNOWN,
    ...(hashes.length === 0 ? {} : { checksums: hashes }),
    ...(info === "" ? {} : { sourceInfo: info }),
    licenseDeclared: license && "expression" in license ? license.expression : NOASSERTION,
    ...(goSum === undefined ? {} : { comment: `go.sum: ${goSum}` }),
    externalRefs: packageUrlReference(packageUrl),
  }
}

/** Names may have characters that identifiers must not have; what makes it unique is the end. */
function idOf({ kind, name, packageUrl }: Component): string {
  const plain = name.replaceAll(/[^A-Za-z0-9.]+/g, "-")
  return `SPDXRef-${kind}-${plain}-${createHash("sha256").update(packageUrl).digest("hex").slice(0, 16)}`
}

function packageUrlReference(packageUrl: string): SpdxPackage["externalRefs"] {
  return [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: packageUrl }]
}
