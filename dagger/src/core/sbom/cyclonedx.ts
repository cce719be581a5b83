import { Factories } from "@cyclonedx/cyclonedx-library/Contrib/License"
import { ComponentType, ExternalReferenceType, HashAlgorithm } from "@cyclonedx/cyclonedx-library/Enums"
import * as Models from "@cyclonedx/cyclonedx-library/Models"
import { JSON as Json, JsonSerializer } from "@cyclonedx/cyclonedx-library/Serialize"
import { Spec1dot6 } from "@cyclonedx/cyclonedx-library/Spec"
import spdxExpression from "spdx-expression-parse"
import type { Bill, BilledImage, Component, ComponentKind, License } from "./bill.js"
import { documentId } from "./document-id.js"

const TYPES: Readonly<Record<ComponentKind, ComponentType>> = {
  package: ComponentType.Library,
  npm: ComponentType.Library,
  tool: ComponentType.Application,
}

const licenses = new Factories.LicenseFactory(spdxExpression)

/** The bill as the text of a document of CycloneDX 1.6. */
export function cyclonedxText({ image, components }: Bill): string {
  const root = imageComponent(image)
  const contents = components.map(component)
  for (const { bomRef } of contents) root.dependencies.add(bomRef)
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${documentId(image.digest)}`,
    metadata: new Models.Metadata({
      timestamp: new Date(image.created),
      tools: new Models.Tools({
        components: new Models.ComponentRepository([
          new Models.Component(ComponentType.Application, "runner-images", { version: image.builtBy }),
        ]),
      }),
      component: root,
    }),
    components: new Models.ComponentRepository(contents),
  })
  // Not sorted by the library, whose order depends on the language that the machine is set to.
  return new JsonSerializer(new Json.Normalize.Factory(Spec1dot6)).serialize(bom, { sortLists: false, space: 2 })
}

function imageComponent({ name, variant, platform, digest, packageUrl, base }: BilledImage): Models.Component {
  return new Models.Component(ComponentType.Container, name, {
    version: digest,
    bomRef: packageUrl,
    purl: packageUrl,
    hashes: new Models.HashDictionary([[HashAlgorithm["SHA-256"], digest.replace("sha256:", "")]]),
    properties: properties([
      ["variant", variant],
      ["platform", platform],
      ["base", base],
    ]),
  })
}

function component({
  kind,
  name,
  version,
  packageUrl,
  license,
  download,
  checksums,
  goSum,
  paths,
}: Component): Models.Component {
  const { sha256, sha512 } = checksums
  // CycloneDX has the scope of npm's packages apart.
  const [, scope, bare] = packageUrl.startsWith("pkg:npm/") ? (/^(@[^/]+)\/(.+)$/.exec(name) ?? []) : []
  return new Models.Component(TYPES[kind], bare ?? name, {
    ...(scope === undefined ? {} : { group: scope }),
    version,
    bomRef: packageUrl,
    purl: packageUrl,
    hashes: new Models.HashDictionary([
      ...(sha256 === undefined ? [] : [[HashAlgorithm["SHA-256"], sha256] as const]),
      ...(sha512 === undefined ? [] : [[HashAlgorithm["SHA-512"], sha512] as const]),
    ]),
    licenses: new Models.LicenseRepository(license ? [licenseModel(license)] : []),
    externalReferences: new Models.ExternalReferenceRepository(
      download === undefined ? [] : [new Models.ExternalReference(download, ExternalReferenceType.Distribution)],
    ),
    properties: properties([
      ...(goSum === undefined ? [] : [["go.sum", goSum] as const]),
      ...paths.map((path) => ["path", path] as const),
    ]),
  })
}

function licenseModel(license: License): Models.License {
  return "expression" in license ? licenses.makeFromString(license.expression) : licenses.makeNamedLicense(license.name)
}

/** What the format has no place for. */
function properties(entries: readonly (readonly [name: string, value: string])[]): Models.PropertyRepository {
  return new Models.PropertyRepository(
    entries.map(([name, value]) => new Models.Property(`runner-images:${name}`, value)),
  )
}
