# Writes what package files in /debs say of themselves. /debs/control has a line for each, separated by tabs: name of the file, of the
# package, how many scripts run or are asked for when it is installed (debconf's questions count), what it pre-depends on, depends on, provides. /debs/preinsts has the scripts that
# run before they are unpacked, one after the other.
set -eu
cd /debs
: > preinsts
for file in *.deb; do
  dpkg-deb --control "$file" /tmp/control
  scripts=0
  for script in preinst postinst config templates; do
    [ ! -e "/tmp/control/$script" ] || scripts=$((scripts + 1))
  done
  [ ! -e /tmp/control/preinst ] || cat /tmp/control/preinst >> preinsts
  rm -r /tmp/control
  dpkg-deb -W --showformat="$file\t\${Package}\t$scripts\t\${Pre-Depends}\t\${Depends}\t\${Provides}\n" "$file"
done > control
