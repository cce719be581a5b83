# Unpacks the package files that /plan/unpack lists, in that order, into the foreign root at /target. Runs natively.
set -eu
cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
mkdir -p /target/etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /target/etc/dpkg/dpkg.cfg.d/runner-images
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
cd /debs
# Dependencies cannot hold while everything is unpacked and nothing configured.
xargs dpkg --root=/target --force-architecture --force-depends --force-unsafe-io --unpack < /plan/unpack > /tmp/unpack.log 2>&1 || {
  tail -n 20 /tmp/unpack.log >&2
  exit 1
}
