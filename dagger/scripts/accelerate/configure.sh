# configure.sh INTERPRETER TRIPLET ARCHITECTURE: configures the unpacked packages of a foreign root with programs of its native twin,
# whose root is mounted at /native. This shell is the twin's. What is put into the root for the purpose is taken out again.
# /plan/configure lists the packages in order, /plan/auto those that nobody asked for by name.
set -eu
interpreter=$1 triplet=$2 ROOT= ARCHITECTURE=$3
fail() {
  echo "acceleration: $*" >&2
  exit 1
}
# Until its loader and libraries are where they are looked for, a native program needs them named.
native() {
  program=$1 && shift
  "/native$interpreter" --library-path "/native/usr/lib/$triplet" "/native/usr/bin/$program" "$@"
}

made_folder=
[ -d "${interpreter%/*}" ] || { native mkdir "${interpreter%/*}" && made_folder=${interpreter%/*}; }
[ ! -e "$interpreter" ] && [ ! -e "/usr/lib/$triplet" ] || fail "the root has a loader or libraries of $triplet"
native ln -s "/native$interpreter" "$interpreter"
native ln -s "/native/usr/lib/$triplet" "/usr/lib/$triplet"
export PATH=/native/accelerate/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# Files that are not as their package has them; conffiles are the user's and scripts' to change, and what covers interpreters is not
# the package's.
verify() {
  /native/usr/bin/dpkg --verify | awk '$2 != "c"'
}
{ verify && echo "(end)"; } > /tmp/unpacked

printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d
: > /tmp/started
for packages in "$(cat /plan/configure)" -a; do
  # One call: each reads and writes the whole database, emulated.
  # shellcheck disable=SC2086
  dpkg --force-unsafe-io --configure $packages > /tmp/configure.log 2>&1 || {
    tail -n 20 /tmp/configure.log >&2
    fail "dpkg --configure failed"
  }
done
audit=$(dpkg --audit) && [ -z "$audit" ] || fail "dpkg --audit: $audit"

find / -xdev -type f -newer /tmp/started ! -path '/tmp/*' -exec grep -la /native/ {} + > /tmp/named || true
[ ! -s /tmp/named ] || fail "files name the twin: $(cat /tmp/named)"
left=$(find / -xdev -lname '/native/*' ! -lname "/native$interpreter" ! -lname "/native/usr/lib/$triplet")
[ -z "$left" ] || fail "links lead to the twin: $left"
verify > /tmp/configured
changed=$(grep -vxFf /tmp/unpacked /tmp/configured || true)
[ -z "$changed" ] || fail "dpkg --verify: $changed"

rm -f /usr/sbin/policy-rc.d /tmp/started /tmp/configure.log /tmp/named /tmp/unpacked /tmp/configured
. /plan/mark-automatic.sh
. /plan/clean-root.sh
# From here on nothing native starts by itself.
native rm "$interpreter" "/usr/lib/$triplet"
[ -z "$made_folder" ] || native rmdir "$made_folder"
