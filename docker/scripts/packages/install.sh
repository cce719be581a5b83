# install.sh ARCHITECTURE STEP...: installs package files in /debs with the root's own apt and dpkg, offline. The steps:
# unpack     unpacks the files that /plan/chosen names, or all, and configures only what others need to be unpacked
# add        unpacks the files that /plan/chosen names beside those that are unpacked: files that need nothing for it and have no scripts
# configure  configures what is unpacked, in the order in which apt does when it is asked for everything at once
# Each call ends by removing what images must not carry. /plan/auto lists the packages that nobody asked for by name, /plan/dpkg.cfg what of
# all packages is left out. Prints what was configured and, when that is still to come, what will be, in order: `configure NAME`.
set -eu
ROOT= ARCHITECTURE=$1 && shift
. /plan/maintainer-scripts.sh

chosen() {
  if [ -e /plan/chosen ]; then sed 's|^|/debs/|' /plan/chosen; else find /debs -name '*.deb' | sort; fi
}

unpack() {
  mkdir -p /etc/dpkg/dpkg.cfg.d && cp /plan/dpkg.cfg /etc/dpkg/dpkg.cfg.d/runner-images
  marks=/var/lib/apt/extended_states
  touch "$marks" && cp "$marks" /tmp/marks.before
  chosen | xargs apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o APT::Sandbox::User=root \
    -o Dpkg::Use-Pty=0 -o PackageManager::Configure=smart -o DPkg::ConfigurePending=false
  # apt takes the package files for wishes of the user's.
  mv /tmp/marks.before "$marks"
}

add() {
  chosen | xargs -r dpkg --force-unsafe-io --unpack
}

configure() {
  dpkg --force-unsafe-io --configure -a
  . /plan/mark-automatic.sh
}

: > /var/log/dpkg.log
begin_scripts
for step in "$@"; do
  "$step" > /tmp/install.log 2>&1 || { tail -n 40 /tmp/install.log >&2; exit 1; }
done
sed -nE 's/^[^ ]+ [^ ]+ (configure) ([^: ]+).*/\1 \2/p' /var/log/dpkg.log
dpkg --no-act --configure -a | sed -nE 's/^Setting up ([^: ]+).*/configure \1/p'
end_scripts
rm -f /tmp/install.log
EPOCH=$(cat /debs/epoch)
. /plan/clean-root.sh
