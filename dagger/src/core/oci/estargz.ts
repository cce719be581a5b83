/**
 * What snapshotters need to know of an eStargz layer before they have any of it: the digest with which they verify the table of contents, and
 * with it every file, and the size that containers/storage reports.
 * https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md
 *
 * @param layer `bytes` is the size of the tar archive with the table of contents
 */
export function estargzAnnotations({ tocDigest, bytes }: { tocDigest: string; bytes: number }): Record<string, string> {
  return {
    "containerd.io/snapshot/stargz/toc.digest": tocDigest,
    "io.containers.estargz.uncompressed-size": String(bytes),
  }
}
