# runner-manifest.sh, in the runner's folder: prints the checksums of the runner's programs as sha256sum does, sorted by path. In place of a
# checksum, a symbolic link has `link:TARGET`.
set -eu
export LC_ALL=C
paths=$(find bin -type f -o -type l && find . -maxdepth 1 \( -type f -o -type l \) \( -name '*.sh' -o -name '*.template' \) -printf '%P\n')
printf '%s\n' "$paths" | sort | while IFS= read -r path; do
  if [ -L "$path" ]; then printf 'link:%s  %s\n' "$(readlink "$path")" "$path"; else sha256sum "$path"; fi
done
