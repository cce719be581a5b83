"""shipped-modes.py FOLDER: prints which files and folders of the package files in a folder are setuid, setgid, sticky or world-writable.

A line for each: `MODE OWNER:GROUP PACKAGE PATH`. Owners by name, as dpkg takes them. Nothing is unpacked or executed.
"""

import glob
import subprocess
import sys
import tarfile

SPECIAL = 0o7002

for file in sorted(glob.glob(sys.argv[1] + "/*.deb")):
    package = subprocess.run(["dpkg-deb", "--field", file, "Package"], check=True, capture_output=True, text=True).stdout.strip()
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                if (member.isfile() or member.isdir() or member.islnk()) and member.mode & SPECIAL:
                    owner = f"{member.uname or member.uid}:{member.gname or member.gid}"
                    print(f"{member.mode:o} {owner} {package} {member.name.removeprefix('.').rstrip('/')}")
        # Until the end: the archive is padded, and a program whose output nobody reads fails.
        process.stdout.read()
    if process.returncode != 0:
        sys.exit(f"dpkg-deb cannot read {file}")
