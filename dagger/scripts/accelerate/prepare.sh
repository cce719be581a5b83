# Decides what of this root, the twin, stands in for programs of the foreign root at /target, whose packages are unpacked. Runs natively,
# after twin.sh. Prints the files of the foreign root to cover, by absolute path; what covers each is in /accelerate/cover.
set -eu
export LC_ALL=C
fail() {
  echo "acceleration: $*" >&2
  exit 1
}
mkdir -p /accelerate/cover && cd /accelerate

dpkg-query --admindir=/target/var/lib/dpkg -W -f '${Package} ${source:Version}\n' > versions
other=$(awk 'NR == FNR { twin[$1] = $2; next } ($1 in twin) && twin[$1] != $2 { print $1, twin[$1], "and", $2 }' owners versions)
[ -z "$other" ] || fail "the twin has other versions than the root: $other"

# Interpreters that scripts name by absolute path are reached past PATH. They are covered, unless a script changes them or they have
# rights of their own.
info=/target/var/lib/dpkg/info
find /target/usr/bin /target/usr/sbin "$info" -type f -perm /111 -size -256k -exec grep -ahoEm1 '^#! ?/[^ ]+' {} + |
  sed 's/^#! *//' | sort -u > interpreters
# Links of the foreign root lead to its own files. One call, because it is emulated; of what does not exist it says nothing.
{ xargs chroot /target /usr/bin/readlink -f < interpreters || true; } | sort -u > files
while read -r file; do
  [ -f "/target$file" ] && [ ! -u "/target$file" ] && [ ! -g "/target$file" ] || continue
  for root in /target ''; do head -c 4 "$root$file" 2>/dev/null | grep -qaE '^.ELF' || continue 2; done
  tar --xattrs --xattrs-include='*' -cf - "/target$file" 2>/dev/null | head -c 4096 | grep -qa SCHILY.xattr && continue
  grep -lEqs "(chmod|chown|chgrp|setcap|dpkg-statoverride|dpkg-divert).* $file( |\$)" "$info"/*.preinst "$info"/*.postinst && continue
  echo "$file"
done < files > covered
while read -r file; do cp "$file" "cover/$(echo "$file" | tr / _)"; done < covered
cat covered
