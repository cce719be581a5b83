# Writes what package files in /debs say of themselves. /debs/control has a line for each, separated by tabs: name of the file, of the
# package, how many scripts run or are asked for when it is installed (debconf's questions count), what it pre-depends on, depends on, provides. /debs/preinsts has the scripts that
# run before they are unpacked, one after the other. /debs/epoch has the time at which the youngest was made, in seconds since 1970.
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
# Of a file that ar wrote, the first member's time is at byte 24, in 12 digits and spaces.
perl -e '
  for (@ARGV) {
    open my $file, "<", $_ or die "$_: $!\n";
    seek $file, 24, 0 and read $file, my $time, 12;
    $youngest = int $time if int $time > $youngest;
  }
  print "$youngest\n"' *.deb > epoch
