# Installs the package files in /debs with the root's own apt and dpkg, offline, then removes what images must not carry.
# /plan/auto lists the packages that nobody asked for by name, /plan/dpkg.cfg what of all packages is left out.
# Prints what dpkg configured, in order: `configure NAME`.
set -eu
ROOT= ARCHITECTURE=$1
mkdir -p /etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d
: > /var/log/dpkg.log
marks=/var/lib/apt/extended_states
touch "$marks" && cp "$marks" /tmp/marks.before
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o APT::Sandbox::User=root \
  -o Dpkg::Use-Pty=0 /debs/*.deb > /tmp/install.log 2>&1 || { tail -n 40 /tmp/install.log >&2; exit 1; }
sed -nE 's/^[^ ]+ [^ ]+ (configure) ([^: ]+).*/\1 \2/p' /var/log/dpkg.log
# apt takes the package files for wishes of the user's.
mv /tmp/marks.before "$marks"
rm -f /usr/sbin/policy-rc.d /tmp/install.log
. /plan/mark-automatic.sh
. /plan/clean-root.sh
