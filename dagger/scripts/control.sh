# Writes /debs/control, which says of each package file in /debs, separated by tabs: name of the file, of the package, how many scripts run
# when it is installed, what it pre-depends on, depends on, provides.
set -eu
cd /debs
for file in *.deb; do
  scripts=$(dpkg-deb --ctrl-tarfile "$file" | tar -t | grep -cE '^(\./)?(preinst|postinst|config)$' || true)
  dpkg-deb -W --showformat="$file\t\${Package}\t$scripts\t\${Pre-Depends}\t\${Depends}\t\${Provides}\n" "$file"
done > control
