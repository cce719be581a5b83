# Fetches the archive's indices for every architecture at once, so that all platforms resolve from the same Release files.
set -eu
apt-get update -q >&2
cd /var/lib/apt/lists
rm -rf partial auxfiles lock
for file in *Release; do
  set -- $(sha256sum "$file")
  echo "==== $file $1"
  grep '^Date: ' "$file"
done
