# packages.sh ARCHITECTURE PACKAGE…: resolves and downloads what a root needs that has dpkg's status /target/status, as the pipeline does. Runs
# natively. Files go to /debs, what an installation is told to /plan. Files in /given are taken in place of the archive's; /cache keeps
# what was downloaded before.
set -eu
architecture=$1
shift
mkdir -p /plan /debs
cp -R /scripts/. /plan/
if [ -n "$(find /given -name "*_$architecture.deb" 2>/dev/null | head -n 1)" ]; then
  cp /given/*_"$architecture".deb /given/*_all.deb /debs/
else
  printf 'APT::Architecture "%s";\nAPT::Architectures { "%s"; };\nDir::State::status "/target/status";\n' "$architecture" "$architecture" > /tmp/apt.conf
  APT_CONFIG=/tmp/apt.conf sh /scripts/resolve.sh "$@" > /tmp/resolved
  sed -nE "s/^'([^']+)' ([^ ]+) [0-9]+ SHA256:([0-9a-f]{64})\$/\1 \2 \3/p" /tmp/resolved | sort -k 2 > /tmp/uris
  [ "$(grep -c "^'" /tmp/resolved)" = "$(grep -c . /tmp/uris)" ] || { echo "apt names package files in an unknown way" >&2; exit 1; }
  while read -r uri file sha256; do
    echo "$sha256  $file" >> /tmp/sums
    echo "$sha256  /cache/$file" | sha256sum --check --status 2>/dev/null || echo "$uri $file $sha256"
  done < /tmp/uris > /plan/uris
  if [ -s /plan/uris ]; then
    rmdir /debs
    sh /scripts/download.sh
    cp /debs/*.deb /cache/
  fi
  while read -r _ file; do
    [ -e "/debs/$file" ] || cp "/cache/$file" "/debs/$file"
  done < /tmp/sums
  (cd /debs && sha256sum --check --quiet /tmp/sums)
fi
sh /scripts/control.sh
# The name of each package and its file; then those that nobody asked for by name.
awk -F '\t' '{ print $2, $1 }' /debs/control | LC_ALL=C sort > /plan/files
printf '%s\n' "$@" > /tmp/requested
awk 'NR == FNR { requested[$1]; next } !($1 in requested) { print $1 }' /tmp/requested /plan/files > /plan/auto
