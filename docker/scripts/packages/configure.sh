# configure.sh INTERPRETER TRIPLET ARCHITECTURE: configures the unpacked packages of a foreign root with programs of its native tools root,
# whose root is mounted at /native. This shell is of that root. What is put into the root for the purpose is taken out again.
# /plan/configure lists the packages in order, /plan/auto those that nobody asked for by name.
set -eu
interpreter=$1 triplet=$2 ROOT= ARCHITECTURE=$3
. /plan/use-native-tools.sh
. /plan/maintainer-scripts.sh
use_native_tools
export LC_ALL=C

# Everything in the root, for what is gone afterwards.
find / -xdev ! -type d | sort > /tmp/unpacked
begin_scripts
for packages in "$(cat /plan/configure)" -a; do
  # One call: each reads and writes the whole database, emulated.
  # shellcheck disable=SC2086
  /own/usr/bin/dpkg --force-unsafe-io --configure $packages > /tmp/configure.log 2>&1 || {
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
audit=$(/own/usr/bin/dpkg --audit) && [ -z "$audit" ] || fail "dpkg --audit: $audit"

refuse_traces
# What `dpkg --verify` would find that it would not have found before, by reading only what has changed since: of the files that
# are their packages', as unpacked, none may be gone or another. Conffiles, which scripts may change, are not among them.
cat /var/lib/dpkg/info/*.md5sums | awk '{ sub("  ", "  /"); print }' > /tmp/shipped
find / -xdev -type f -cnewer /tmp/started | sort > /tmp/touched
find / -xdev ! -type d | sort | comm -23 /tmp/unpacked - > /tmp/gone
awk 'NR == FNR { watched[$0]; next } substr($0, 35) in watched' /tmp/touched /tmp/shipped > /tmp/to-verify
damaged=$(awk 'NR == FNR { watched[$0]; next } substr($0, 35) in watched { print substr($0, 35) }' /tmp/gone /tmp/shipped && md5sum --check --quiet < /tmp/to-verify 2>/dev/null || true)
[ -z "$damaged" ] || fail "files are not as their packages have them: $damaged"

end_scripts
rm -f /tmp/nan /tmp/configure.log /tmp/unpacked /tmp/shipped /tmp/touched /tmp/gone /tmp/to-verify
. /plan/mark-automatic.sh
EPOCH=$(cat /debs/epoch)
. /plan/clean-root.sh
give_back
