"""finish-layers.py IMAGES BASES KNOWN OUT CREATED COMPRESSION [START]: makes the layers of an OCI image layout whose bytes depend on their contents alone.

IMAGES       an OCI archive of images with uncompressed layers, as the engine exports it
BASES        an OCI archive of their base images, compressed as they were published; their layers are used unchanged if they have the compression
KNOWN        a folder that an earlier run wrote, or one that does not exist: layers that it has are not made again
OUT          the folder to write: layout/blobs/sha256 with the layers, and layers.json, which says what became of each layer of the engine's
CREATED      seconds since 1970: files that are younger, because this build wrote them, get this time
COMPRESSION  gzip, zstd or estargz; no base image is published as estargz, so base layers are then made anew
START        for estargz: a file with the paths of the files that come first, see estargz/main.go

Prints JSON: for each image its configuration, and for each of its layers `{mediaType, digest, size, diffId, bytes}`, from the base up; size is compressed,
bytes is not. An eStargz layer also has `estargz: {tocDigest, bytes}`: its own tar archive has a table of contents too, which diffId and these bytes count.
Entries are in the order of their paths, owners are numbers, times are whole seconds, and of several hard links the first is the file.
"""

import hashlib
import json
import mmap
import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ProcessPoolExecutor

COMMANDS = {
    # A third of gzip's time, and smaller. One thread each: the layers are what is done in parallel.
    "gzip": ["libdeflate-gzip", "-6", "-c"],
    "zstd": ["zstd", "-3", "--single-thread", "--quiet", "-c"],
}
MEDIA_TYPES = {
    **{kind: f"application/vnd.oci.image.layer.v1.tar+{kind}" for kind in COMMANDS},
    "estargz": "application/vnd.oci.image.layer.v1.tar+gzip",
}
COMPRESSED_WITH = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
    **{MEDIA_TYPES[kind]: kind for kind in COMMANDS},
}
# Extended attributes that belong to the engine's storage, not to the file.
ENGINES_OWN = ("user.dagger", "user.overlay.", "trusted.overlay.")


class Archive:
    """An OCI archive: JSON documents are read, other blobs are only located."""

    def __init__(self, path):
        self.path = path
        with tarfile.open(path, "r:") as archive:
            self.places = {member.name: (member.offset_data, member.size) for member in archive if member.isreg()}

    def read(self, name):
        offset, size = self.places[name]
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def json(self, name):
        return json.loads(self.read(name))

    def images(self):
        """The manifest of each image, whether index.json names them itself or by an index."""
        pending = self.json("index.json")["manifests"]
        while pending:
            document = self.json(blob(pending.pop(0)["digest"]))
            if "manifests" in document:
                pending = document["manifests"] + pending
            else:
                yield document


def blob(digest):
    return "blobs/" + digest.replace(":", "/")


def normalise(source, offset, size, target, created):
    """Writes the layer at `offset` of the file `source` to `target`. Returns its digest."""
    sha256 = hashlib.sha256()
    with open(source, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data, open(target, "wb") as out:
        view = memoryview(data)[offset : offset + size]
        try:

            def write(content):
                sha256.update(content)
                out.write(content)

            with tarfile.open(fileobj=Window(view), mode="r:") as layer:
                for entry, content in ordered(layer, created):
                    write(entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
                    if content is not None:
                        start, length = content
                        write(view[start : start + length])
                        write(b"\0" * (-length % tarfile.BLOCKSIZE))
            write(b"\0" * (2 * tarfile.BLOCKSIZE))
        finally:
            view.release()
    return "sha256:" + sha256.hexdigest()


class Window:
    """A part of a file that is mapped into memory, as far as tarfile reads it."""

    def __init__(self, view):
        self.view = view
        self.position = 0

    def read(self, size=-1):
        end = len(self.view) if size < 0 else min(self.position + size, len(self.view))
        content = bytes(self.view[self.position : end])
        self.position = end
        return content

    def seek(self, position, whence=os.SEEK_SET):
        self.position = position + {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: len(self.view)}[whence]
        return self.position

    def tell(self):
        return self.position


def ordered(layer, created):
    """The entries of a layer, each with the place of its content, if it has any."""
    entries = {path_of(member.name): member for member in layer}

    def file_of(path):
        while entries[path].islnk():
            path = path_of(entries[path].linkname)
        return path

    first = {}
    for path in sorted(entries, key=lambda path: os.fsencode(path).split(b"/")):
        member = entries[path]
        linked = file_of(path)
        entry = tarfile.TarInfo(path)
        entry.mode, entry.uid, entry.gid = member.mode & 0o7777, member.uid, member.gid
        entry.mtime = min(int(member.mtime), created)
        entry.pax_headers = {
            name: value
            for name, value in sorted(member.pax_headers.items())
            if name.startswith("SCHILY.xattr.") and not name.removeprefix("SCHILY.xattr.").startswith(ENGINES_OWN)
        }
        content = None
        if linked in first:
            entry.type, entry.linkname = tarfile.LNKTYPE, first[linked]
        elif entries[linked].isreg():
            first[linked] = path
            entry.type, entry.size = tarfile.REGTYPE, entries[linked].size
            content = (entries[linked].offset_data, entry.size)
        else:
            entry.type, entry.linkname = member.type, member.linkname
            entry.devmajor, entry.devminor = member.devmajor, member.devminor
        yield entry, content


def path_of(name):
    return os.path.normpath(name).lstrip("/")


def blobs(out):
    return os.path.join(out, "layout/blobs/sha256")


def compress(source, folder, compression, start):
    """Compresses a tar archive into the blobs. Returns the blob's digest and size, and what eStargz changes in the layer's description."""
    part = source + ".compressed"
    changes = {}
    if compression == "estargz":
        # Its temporary files are as large as the layer.
        environment = {**os.environ, "TMPDIR": os.path.dirname(part)}
        made = subprocess.run(["estargz", source, part, start], stdout=subprocess.PIPE, env=environment, check=True)
        changes = json.loads(made.stdout)
    else:
        with open(source, "rb") as file, open(part, "wb") as out:
            subprocess.run(COMMANDS[compression], stdin=file, stdout=out, check=True)
    return *store(part, folder), changes


def store(part, folder):
    sha256 = hashlib.sha256()
    with open(part, "rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
    size = os.path.getsize(part)
    os.replace(part, os.path.join(folder, sha256.hexdigest()))
    return "sha256:" + sha256.hexdigest(), size


def finish(layer):
    """Makes one layer. Returns its description."""
    archive, offset, size, out, created, compression, start, name = layer
    folder = blobs(out)
    part = os.path.join(folder, name + ".part")
    diff_id = normalise(archive, offset, size, part, created)
    unpacked = os.path.getsize(part)
    digest, compressed, changes = compress(part, folder, compression, start)
    os.remove(part)
    made = {"mediaType": MEDIA_TYPES[compression], "digest": digest, "size": compressed, "diffId": diff_id, "bytes": unpacked}
    return {**made, **changes}


def layers_of_bases(path, out, compression):
    """The layers of base images, by diff ID, as they were published, if they are compressed as requested."""
    if not os.path.exists(path):
        return {}
    archive = Archive(path)
    found = {}
    for manifest in archive.images():
        diff_ids = archive.json(blob(manifest["config"]["digest"]))["rootfs"]["diff_ids"]
        for diff_id, layer in zip(diff_ids, manifest["layers"], strict=True):
            if COMPRESSED_WITH.get(layer["mediaType"]) != compression:
                continue
            part = os.path.join(blobs(out), diff_id.removeprefix("sha256:") + ".base")
            with open(part, "wb") as file:
                file.write(archive.read(blob(layer["digest"])))
            digest, size = store(part, blobs(out))
            found[diff_id] = {"mediaType": MEDIA_TYPES[compression], "digest": digest, "size": size, "diffId": diff_id}
    return found


def main(images, bases, known, out, created, compression, start=None):
    os.makedirs(blobs(out))
    archive = Archive(images)
    made = {}
    if os.path.exists(os.path.join(known, "layers.json")):
        with open(os.path.join(known, "layers.json"), encoding="utf-8") as file:
            made = json.load(file)
    published = layers_of_bases(bases, out, compression)

    found = []
    for manifest in archive.images():
        config = archive.json(blob(manifest["config"]["digest"]))
        pairs = list(zip(config["rootfs"]["diff_ids"], manifest["layers"], strict=True))
        found.append((config, [(diff_id, archive.places[blob(layer["digest"])]) for diff_id, layer in pairs]))

    layers = {}
    pending = {}
    for _, pairs in found:
        for diff_id, (offset, size) in pairs:
            if diff_id in published:
                layers[diff_id] = {**published[diff_id], "bytes": size}
            elif diff_id in made:
                layers[diff_id] = made[diff_id]
                name = made[diff_id]["digest"].removeprefix("sha256:")
                shutil.copyfile(os.path.join(blobs(known), name), os.path.join(blobs(out), name))
            else:
                pending[diff_id] = (images, offset, size, out, created, compression, start, diff_id.removeprefix("sha256:"))
    # The largest first, so that the processors finish together.
    order = sorted(pending, key=lambda diff_id: -pending[diff_id][2])
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        layers.update(zip(order, pool.map(finish, [pending[diff_id] for diff_id in order]), strict=True))

    with open(os.path.join(out, "layers.json"), "w", encoding="utf-8") as file:
        json.dump(layers, file, sort_keys=True)
    wanted = {layer["digest"].removeprefix("sha256:") for layer in layers.values()}
    for name in os.listdir(blobs(out)):
        if name not in wanted:
            os.remove(os.path.join(blobs(out), name))
    json.dump([{"config": config, "layers": [layers[diff_id] for diff_id, _ in pairs]} for config, pairs in found], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]), *sys.argv[6:])
