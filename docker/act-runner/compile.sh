# compile.sh OUTPUT ARCHITECTURE…, in this folder: compiles the program natively for each of them, as OUTPUT/ARCHITECTURE/act-runner, and
# writes the licences of Go and of all modules in it to OUTPUT/licenses.txt. go.sum has the modules' checksums, which is why Go's database,
# in which two of them are not, is not asked.
set -eu
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly GOSUMDB=off CGO_ENABLED=0 GOOS=linux
output=$1
shift
modules=$(mktemp)
for architecture in "$@"; do
  GOARCH=$architecture go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$output/$architecture/act-runner" .
  GOARCH=$architecture go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' . >> "$modules"
done
{
  echo "Go $(go env GOVERSION) $(go env GOROOT)"
  sort -u "$modules"
} | while read -r name version folder; do
  found=
  # The distribution has Go's licence where those of all its packages are.
  for file in "$folder"/LICEN[CS]E* "$folder"/COPYING* "$folder"/NOTICE* "$folder"/UNLICENSE* \
    "/usr/share/doc/golang-${folder##*/go-}-go/copyright"; do
    [ -f "$file" ] || continue
    found=yes
    printf '==== %s %s: %s ====\n\n' "$name" "$version" "${file##*/}"
    cat "$file"
    printf '\n\n'
  done
  if [ -z "$found" ]; then
    echo "$name $version has no file with its licence" >&2
    exit 1
  fi
done > "$output/licenses.txt"
