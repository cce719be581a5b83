import { MemoryRegistry, publishImage } from "../../unit/core/published/memory-registry.js"
import { HttpRegistry } from "./http-registry.js"

/** Three releases in a registry, with something about each, and `latest` on the last. */
export async function released(repository: string): Promise<{ http: HttpRegistry; digests: string[] }> {
  const http = new HttpRegistry()
  const memory = new MemoryRegistry()
  const digests: string[] = []
  for (const salt of ["1", "2", "3"]) {
    digests.push(publishImage(memory, { salt, created: `2026-11-0${salt}T00:00:00Z` }, repository))
    for (const layer of ["base", salt]) await http.upload(repository, layer)
  }
  for (const blob of memory.blobs.values()) await http.upload(repository, blob)
  const texts = [...(memory.repositories.get(repository)?.manifests ?? [])]
  for (const [digest, text] of texts) await http.put(repository, digest, text)
  for (const [place, digest] of digests.entries()) {
    await http.tag(repository, digest, `1.0.${String(place + 1)}`)
    const artifact = { artifactType: "application/spdx+json", mediaType: "application/spdx+json", annotations: {} }
    await http.attach(repository, { ...artifact, subject: digest, content: `bill ${String(place)}` })
  }
  await http.tag(repository, digests[2] ?? "", "latest")
  return { http, digests }
}
