# Decides what of this root, the native tools root, stands in for programs of the foreign root at /target. Runs natively, after native-tools.sh. Prints the files
# of the foreign root to cover, by absolute path; what covers each is in /accelerate/cover. Packages that are yet to be unpacked are in
# /plan/files, by `NAME FILE`, and their first scripts in /debs/preinsts.
set -eu
export LC_ALL=C
fail() {
  echo "acceleration: $*" >&2
  exit 1
}
mkdir -p /accelerate/cover && cd /accelerate

dpkg-query --admindir=/target/var/lib/dpkg -W -f '${Package} ${source:Version}\n' > versions
other=$(awk 'NR == FNR { native[$1] = $2; next } ($1 in native) && native[$1] != $2 { print $1, native[$1], "and", $2 }' owners versions)
[ -z "$other" ] || fail "the native tools root has other versions than the root: $other"

info=/target/var/lib/dpkg/info

# Whether something can be mounted over a file: unless it has rights of its own, is unpacked again or is changed by a script.
can_be_covered() {
  [ -f "/target$1" ] && [ ! -u "/target$1" ] && [ ! -g "/target$1" ] || return 1
  ! tar --xattrs --xattrs-include='*' -cf - "/target$1" 2>/dev/null | head -c 4096 | grep -qa SCHILY.xattr || return 1
  for list in $(grep -lx -e "$1" -e "${1#/usr}" "$info"/*.list); do
    list=${list##*/} && list=${list%.list}
    [ ! -e /plan/files ] || ! grep -q "^${list%:*} " /plan/files || return 1
  done
  ! grep -lEqs "(chmod|chown|chgrp|setcap|dpkg-statoverride|dpkg-divert).* $1( |\$)" "$info"/*.preinst "$info"/*.postinst /debs/preinsts
}
cover() {
  cp "$2" "cover/$(echo "$1" | tr / _)"
  echo "$1"
}

# Interpreters that scripts name by absolute path are reached past PATH.
find /target/usr/bin /target/usr/sbin "$info" -type f -perm /111 -size -256k -exec grep -ahoEm1 '^#! ?/[^ ]+' {} + |
  sed 's/^#! *//' | sort -u > interpreters
# Links of the foreign root lead to its own files. One call, because it is emulated; of what does not exist it says nothing.
{ xargs chroot /target /usr/bin/readlink -f < interpreters || true; } | sort -u > files
while read -r file; do
  for root in /target ''; do head -c 4 "$root$file" 2>/dev/null | grep -qaE '^.ELF' || continue 2; done
  ! can_be_covered "$file" || cover "$file" "$file"
done < files
# So is dpkg, by Python's scripts.
! can_be_covered /usr/bin/dpkg || cover /usr/bin/dpkg bin/dpkg
