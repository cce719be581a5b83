# archive-names.sh ARCHITECTURE: prints the names of all packages that the archive has for an architecture, from apt's lists.
set -eu
for list in /var/lib/apt/lists/*_binary-"$1"_Packages*; do
  # apt's own reader, because lists may be compressed. Not in a pipe, where its failure would pass for an empty list.
  /usr/lib/apt/apt-helper cat-file "$list" >> /tmp/packages
done
sed -n 's/^Package: //p' /tmp/packages | sort -u
