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

# Everything in the root, for what is gone afterwards.
find / -xdev ! -type d | sort > /tmp/unpacked
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d
: > /tmp/started
for packages in "$(cat /plan/configure)" -a; do
  # One call: each reads and writes the whole database, emulated.
  # shellcheck disable=SC2086
  /usr/bin/dpkg --force-unsafe-io --configure $packages > /tmp/configure.log 2>&1 || {
    tail -n 20 /tmp/configure.log >&2
    fail "dpkg --configure failed"
  }
done
# Python computes constants when it compiles, and the sign of a NaN is the processor's: what holds one is compiled again by the root's
# own Python, of which /own has the uncovered program. In marshal's format a float is a g and eight bytes.
find / -xdev -name '*.cpython-*.pyc' -newer /tmp/started -exec grep -laP 'g\x00{6}\xf8[\x7f\xff]' {} + > /tmp/nan || true
while read -r compiled; do
  name=${compiled##*/} && version=${name##*.cpython-3} && version=3.${version%.pyc}
  "/own/usr/bin/python$version" -m py_compile "${compiled%/__pycache__/*}/${name%.cpython-*}.py" || fail "$compiled cannot be compiled again"
done < /tmp/nan
audit=$(/usr/bin/dpkg --audit) && [ -z "$audit" ] || fail "dpkg --audit: $audit"

find / -xdev -type f -newer /tmp/started ! -path '/tmp/*' -exec grep -la /native/ {} + > /tmp/named || true
[ ! -s /tmp/named ] || fail "files name the twin: $(cat /tmp/named)"
left=$(find / -xdev -lname '/native/*' ! -lname "/native$interpreter" ! -lname "/native/usr/lib/$triplet")
[ -z "$left" ] || fail "links lead to the twin: $left"
# What `dpkg --verify` would find that it would not have found before, by reading only what has changed since: of the files that
# are their packages', as unpacked, none may be gone or another. Conffiles, which scripts may change, are not among them.
cat /var/lib/dpkg/info/*.md5sums | awk '{ sub("  ", "  /"); print }' > /tmp/shipped
find / -xdev -type f -cnewer /tmp/started | sort > /tmp/touched
find / -xdev ! -type d | sort | comm -23 /tmp/unpacked - > /tmp/gone
awk 'NR == FNR { watched[$0]; next } substr($0, 35) in watched' /tmp/touched /tmp/shipped > /tmp/to-verify
damaged=$(awk 'NR == FNR { watched[$0]; next } substr($0, 35) in watched { print substr($0, 35) }' /tmp/gone /tmp/shipped && md5sum --check --quiet < /tmp/to-verify 2>/dev/null || true)
[ -z "$damaged" ] || fail "files are not as their packages have them: $damaged"

rm -f /usr/sbin/policy-rc.d /tmp/started /tmp/nan /tmp/configure.log /tmp/named /tmp/unpacked /tmp/shipped /tmp/touched /tmp/gone /tmp/to-verify
. /plan/mark-automatic.sh
. /plan/clean-root.sh
# From here on nothing native starts by itself.
native rm "$interpreter" "/usr/lib/$triplet"
[ -z "$made_folder" ] || native rmdir "$made_folder"
