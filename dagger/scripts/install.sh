# Installs the package files in /debs with the root's own apt and dpkg, offline, then removes what images must not carry.
# /plan/auto lists the packages that nobody asked for by name, /plan/dpkg.cfg what of all packages is left out.
set -eu
mkdir -p /etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o APT::Sandbox::User=root \
  -o Dpkg::Use-Pty=0 /debs/*.deb > /tmp/install.log 2>&1 || { tail -n 40 /tmp/install.log >&2; exit 1; }
xargs -r apt-mark auto < /plan/auto > /dev/null
rm -f /usr/sbin/policy-rc.d /tmp/install.log
# Logs, caches and backups say when and how a root was made, not what is in it.
find /var/log -type f -delete
rm -rf /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/lib/dpkg/*-old /var/lib/apt/lists/* \
  /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
# An identity belongs to a machine; the first start makes one.
[ ! -e /etc/machine-id ] || : > /etc/machine-id
