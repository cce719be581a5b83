# unpack.sh ARCHITECTURE: unpacks the package files in /debs into the foreign root at /target. Runs natively. /plan/files says which
# package each file is: `NAME FILE`.
set -eu
cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
mkdir -p /target/etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /target/etc/dpkg/dpkg.cfg.d/runner-images
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
cd /debs
# The order in which the foreign root's own apt would do it.
apt-get install --simulate --no-install-recommends -o APT::Architecture="$1" -o APT::Architectures="$1" \
  -o Dir::State::status=/target/var/lib/dpkg/status -o Dir::State::extended_states=/target/var/lib/apt/extended_states \
  ./*.deb > /tmp/simulated 2> /tmp/simulate.log || {
  tail -n 20 /tmp/simulate.log >&2
  exit 1
}
awk 'NR == FNR { file[$1] = $2; next } $1 == "Inst" && $2 in file { print file[$2]; delete file[$2] } END { for (name in file) print file[name] }' \
  /plan/files /tmp/simulated > /tmp/order
# Dependencies cannot hold while everything is unpacked and nothing configured.
xargs dpkg --root=/target --force-architecture --force-depends --force-unsafe-io --unpack < /tmp/order > /tmp/unpack.log 2>&1 || {
  tail -n 20 /tmp/unpack.log >&2
  exit 1
}
