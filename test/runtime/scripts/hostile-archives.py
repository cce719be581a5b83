"""hostile-archives.py FOLDER: writes archives that try to get out of where they are unpacked, or to fill the disk."""

import io
import os
import stat
import subprocess
import sys
import tarfile
import warnings
import zipfile

folder = sys.argv[1]
warnings.simplefilter("ignore")
TEXT = b"from the archive\n"
SYMLINK, REGULAR = stat.S_IFLNK | 0o777, stat.S_IFREG | 0o644


def entry(name, kind=tarfile.REGTYPE, **properties):
    made = tarfile.TarInfo(name)
    made.type, made.mode = kind, 0o644
    made.size = len(TEXT) if kind == tarfile.REGTYPE else 0
    for key, value in properties.items():
        setattr(made, key, value)
    return made


def tar(name, *entries):
    with tarfile.open(os.path.join(folder, f"{name}.tar.gz"), "w:gz") as archive:
        archive.addfile(entry("hello"), io.BytesIO(TEXT))
        for made in entries:
            archive.addfile(made, io.BytesIO(TEXT) if made.size == len(TEXT) else io.BytesIO(bytes(made.size)))


def zipped(name, *entries):
    path = os.path.join(folder, f"{name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for path_within, mode, text in (("hello", REGULAR, TEXT), *entries):
            made = zipfile.ZipInfo(path_within)
            made.create_system, made.external_attr = 3, mode << 16
            archive.writestr(made, text)


# What links lead to is a file of the tests' own: a program that is wrong must not damage the machine that it is tested on.
KEPT = os.path.join(folder, "outside", "kept")
os.mkdir(os.path.dirname(KEPT))
with open(KEPT, "wb") as file:
    file.write(TEXT)

tar("good", entry("bin/hello", mode=0o6755), entry("link", tarfile.SYMTYPE, linkname="hello"))
tar("parent", entry("../../escaped"))
tar("parent-within", entry("bin/../../../escaped"))
tar("absolute", entry("/escaped"))
tar("through-link", entry("out", tarfile.SYMTYPE, linkname="/"), entry("out/escaped"))
tar("through-relative-link", entry("out", tarfile.SYMTYPE, linkname=".."), entry("out/escaped"))
tar("hard-link", entry("out", tarfile.LNKTYPE, linkname=KEPT))
tar("hard-link-by-parent", entry("out", tarfile.LNKTYPE, linkname="../../../../../outside/kept"))
tar("character-device", entry("zero", tarfile.CHRTYPE, devmajor=1, devminor=5))
tar("block-device", entry("disk", tarfile.BLKTYPE, devmajor=8, devminor=0))
tar("pipe", entry("pipe", tarfile.FIFOTYPE))
tar("duplicate", entry("hello"), entry("hello", tarfile.SYMTYPE, linkname=KEPT), entry("hello"))
tar("long-name", entry("n" * 300))
tar("long-path", entry("/".join(["n" * 200] * 25)))
tar("link-for-wanted", entry("bin", tarfile.SYMTYPE, linkname=os.path.dirname(KEPT)))
tar("empty-name", entry("./"), entry("."))
zipped("good", ("bin/hello", stat.S_IFREG | 0o6755, TEXT), ("link", SYMLINK, "hello"))
zipped("parent", ("../../escaped", REGULAR, TEXT))
zipped("absolute", ("/escaped", REGULAR, TEXT))
zipped("through-link", ("out", SYMLINK, "/"), ("out/escaped", REGULAR, TEXT))
zipped("pipe", ("pipe", stat.S_IFIFO | 0o644, ""))
zipped("long-name", ("n" * 300, REGULAR, TEXT))
zipped("duplicate", ("hello", REGULAR, "another\n"))

# Nothing but holes: small here, and large where they are unpacked.
large = os.path.join(folder, "bomb")
with open(large, "wb") as file:
    file.truncate(9 << 30)
subprocess.run(["tar", "-C", folder, "-cSzf", os.path.join(folder, "bomb.tar.gz"), "bomb"], check=True)
os.remove(large)

# 9 GiB of zeros would take a minute to make, so that only its directory says that they are in it.
path = os.path.join(folder, "bomb.zip")
with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    for number in range(9):
        archive.writestr(f"bomb{number}", b"")
content = bytearray(open(path, "rb").read())
at = 0
while (at := content.find(b"PK\x01\x02", at)) != -1:
    content[at + 24 : at + 28] = (1 << 30).to_bytes(4, "little")
    at += 4
open(path, "wb").write(content)
