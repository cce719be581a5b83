# Downloads the package files that /plan/uris names (URI, file name, SHA-256 on each line) into /debs. apt-helper checks the sums.
set -eu
mkdir /debs && cd /debs
while read -r uri file sha256; do
  set -- "$@" "$uri" "$file" "SHA256:$sha256"
done < /plan/uris
[ $# -eq 0 ] || /usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$@" >&2
# The sandbox user that apt downloads as does not exist under the same name everywhere.
chown -R 0:0 /debs && chmod 0644 /debs/*.deb
