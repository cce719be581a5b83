# snapshot-sources.sh: writes apt's sources for snapshots of the archive into /snapshots. Each line of /plan/snapshots is `NUMBER URL REPLACEMENT`:
# the sources of this container are copied for each number, with the URLs replaced.
set -eu
mkdir /snapshots
for number in $(cut -d ' ' -f 1 /plan/snapshots | sort -u); do
  sed -n "s/^$number //p" /plan/snapshots > /tmp/replacements
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ -s "$file" ] || continue
    target=/snapshots/$number-${file##*/}
    cp "$file" "$target"
    while read -r url replacement; do
      sed -i -E "s#(^|[[:space:]])$(printf %s "$url" | sed 's/\./\\./g')/?([[:space:]]|\$)#\1$replacement\2#g" "$target"
    done < /tmp/replacements
  done
done
