"""compare-layers.py ORIGINAL REBUILT PAIRS: says in which files layers differ.

ORIGINAL  blobs/sha256 of an OCI image layout
REBUILT   the same of another
PAIRS     JSON: [{original, rebuilt}], digests of layers that are to be compared

Prints JSON, for each pair {files, count, otherwise}: `files` are the first differences of `count`; `otherwise` is set if there are none, although
the digests differ.
"""

import difflib
import hashlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile

# Of a layer. The largest of ours has two thousand million.
MOST_BYTES = int(os.environ.get("MOST_BYTES", 16 << 30))
MOST_FILES = 100
MOST_LINES = 40
# Bytes. A difference of larger texts takes long, and nobody reads it.
LARGEST_TEXT = 1 << 20
CHUNK = 1 << 20
MAGIC = {b"\x1f\x8b": ["gzip", "-dc"], b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"]}
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.LNKTYPE: "hard link",
    tarfile.SYMTYPE: "symbolic link",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
    tarfile.DIRTYPE: "folder",
    tarfile.FIFOTYPE: "pipe",
}


class Layer:
    """A layer as an uncompressed archive, with its entries by path."""

    def __init__(self, folder, digest):
        self.path = os.path.join(folder, digest.removeprefix("sha256:"))
        with open(self.path, "rb") as file:
            start = file.read(4)
        self.file = tempfile.TemporaryFile()
        command = next((words for magic, words in MAGIC.items() if start.startswith(magic)), ["cat"])
        # Whoever made the layer decides how large it becomes.
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))
        if subprocess.run([*command, self.path], stdout=self.file, preexec_fn=limit).returncode != 0:
            sys.exit(f"the layer {digest} is damaged, or has more than {MOST_BYTES} bytes when it is unpacked")
        self.file.seek(0)
        try:
            self.archive = tarfile.open(fileobj=self.file, mode="r:")
            self.entries = {"/" + os.path.normpath(entry.name).lstrip("/"): entry for entry in self.archive}
        except tarfile.TarError as error:
            sys.exit(f"the layer {digest} is no archive: {error}")

    def content(self, entry):
        """Chunks of a file's content."""
        position, rest = entry.offset_data, entry.size
        while rest > 0:
            self.file.seek(position)
            chunk = self.file.read(min(CHUNK, rest))
            yield chunk
            position, rest = position + len(chunk), rest - len(chunk)

    def digest(self):
        """Of the archive."""
        self.file.seek(0)
        return hashlib.file_digest(self.file, "sha256").hexdigest()


def properties(entry):
    found = {
        "kind": KINDS.get(entry.type, "other"),
        "mode": f"{entry.mode & 0o7777:04o}",
        "owner": f"{entry.uid}:{entry.gid}",
        "time": str(entry.mtime),
        "size": str(entry.size) if entry.isreg() else None,
        "target": entry.linkname if entry.islnk() or entry.issym() else None,
        "device": f"{entry.devmajor}:{entry.devminor}" if entry.ischr() or entry.isblk() else None,
    }
    attributes = {name: value for name, value in entry.pax_headers.items() if name.startswith("SCHILY.xattr.")}
    return {**found, **{"attribute " + name.removeprefix("SCHILY.xattr."): value for name, value in attributes.items()}}


def first_difference(first, second):
    """The offset of the first byte that differs, if any does."""
    position = 0
    for a, b in itertools.zip_longest(first, second, fillvalue=b""):
        if a != b:
            return position + next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        position += len(a)
    return None


def text_of(layer, entry):
    """The lines of a text, undefined for anything else."""
    if entry.size > LARGEST_TEXT:
        return None
    content = b"".join(layer.content(entry))
    if b"\0" in content:
        return None
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        return None


def compare_file(path, original, rebuilt):
    before, after = original.entries[path], rebuilt.entries[path]
    a, b = properties(before), properties(after)
    changed = {name: [a.get(name), b.get(name)] for name in {**a, **b} if a.get(name) != b.get(name)}
    found = {"path": path, **({"properties": changed} if changed else {})}
    if before.isreg() and after.isreg():
        offset = first_difference(original.content(before), rebuilt.content(after))
        if offset is not None:
            texts = text_of(original, before), text_of(rebuilt, after)
            if None in texts:
                found["offset"] = offset
            else:
                lines = list(difflib.unified_diff(*texts, "original", "rebuilt", lineterm="", n=1))
                # Texts with the same lines differ in how these end.
                found.update({"text": lines[:MOST_LINES]} if lines else {"offset": offset})
    return found if len(found) > 1 else None


def compare(original, rebuilt):
    files = []
    for path in sorted({*original.entries, *rebuilt.entries}):
        if path not in rebuilt.entries:
            files.append({"path": path, "only": "original"})
        elif path not in original.entries:
            files.append({"path": path, "only": "rebuilt"})
        elif found := compare_file(path, original, rebuilt):
            files.append(found)
    result = {"files": files[:MOST_FILES], "count": len(files)}
    if not files:
        result["otherwise"] = "compression" if original.digest() == rebuilt.digest() else "order or form of the archive's entries"
    return result


def main(original, rebuilt, pairs):
    with open(pairs, encoding="utf-8") as file:
        wanted = json.load(file)
    json.dump([compare(Layer(original, pair["original"]), Layer(rebuilt, pair["rebuilt"])) for pair in wanted], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
