# unpack.sh INTERPRETER TRIPLET ARCHITECTURE: unpacks the package files in /debs into this foreign root. Runs by a shell of the native root
# at /native, whose packages are those that this root has as yet; scripts that run now are helped by its programs. /plan/files says which
# package each file is: `NAME FILE`.
set -eu
interpreter=$1 triplet=$2 ROOT=
. /plan/use-native-tools.sh
. /plan/maintainer-scripts.sh
use_native_tools
mkdir -p /etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
begin_scripts
cd /debs
# The order in which the root's own apt would do it.
/native/usr/bin/apt-get install --simulate --no-install-recommends -o APT::Architecture="$3" -o APT::Architectures="$3" \
  -o Dir::Bin::dpkg=/native/usr/bin/dpkg ./*.deb > /tmp/simulated 2> /tmp/simulate.log || {
  tail -n 20 /tmp/simulate.log >&2
  exit 1
}
awk 'NR == FNR { file[$1] = $2; next } $1 == "Inst" && $2 in file { print file[$2]; delete file[$2] } END { for (name in file) print file[name] }' \
  /plan/files /tmp/simulated > /tmp/order
# What apt does besides. Debconf's hook loads the questions of all packages, also of those whose scripts ask none.
hooks() {
  /native/usr/bin/apt-config dump --no-empty --format '%v%n' "DPkg::$1" > /tmp/hooks
  while IFS= read -r hook; do
    sed 's|^|/debs/|' "$2" | sh -c "$hook" >> /tmp/hooks.log 2>&1 || { tail -n 20 /tmp/hooks.log >&2; fail "apt's hook fails: $hook"; }
  done < /tmp/hooks
}
! /native/usr/bin/apt-config dump --no-empty --format '%f %v%n' DPkg::Tools::Options | grep -qE '::Version [^1]' ||
  fail "apt has hooks that are told more than the names of files"
hooks Pre-Invoke /dev/null
hooks Pre-Install-Pkgs /tmp/order
# Dependencies cannot hold while everything is unpacked and nothing configured.
xargs /native/usr/bin/dpkg --force-architecture --force-depends --force-unsafe-io --unpack < /tmp/order > /tmp/unpack.log 2>&1 || {
  tail -n 20 /tmp/unpack.log >&2
  fail "dpkg --unpack failed"
}
hooks Post-Invoke /dev/null
# It would have gone through the link, to the native root.
! grep -lq "^/usr/lib/$triplet/" /var/lib/dpkg/info/*.list || fail "packages have files in /usr/lib/$triplet"
end_scripts
refuse_traces
rm -f /tmp/simulated /tmp/simulate.log /tmp/order /tmp/hooks /tmp/hooks.log /tmp/unpack.log
# Although more is to come: this is a layer of its own, whose bytes must not tell when it was made.
EPOCH=$(cat /debs/epoch)
. /plan/clean-root.sh
give_back
