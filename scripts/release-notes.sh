#!/bin/sh
# Prints the notes of a release as Markdown: its images by digest, and for each variant what changed since the last release.
#
#   scripts/release-notes.sh PREVIOUS NEW [OPTION…]
#
# PREVIOUS is a folder with a VARIANT-report.json for each variant of the last release, or with nothing for the first one; or the last release's image
# of the variant standard in its registry, as REPOSITORY:TAG, which takes an engine. NEW has the output of `runner-images build`, and in
# references.txt that of `publish`. The options are those of `runner-images diff` for that registry, such as --username.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# GitHub's limit for a release's text is 125,000 characters.
limit=120000

previous=${1-} new=${2-}
if [ ! -e "$new/references.txt" ]; then
  printf 'error: %s/references.txt does not exist.\n' "$new" >&2
  echo "Give the last release's reports or its image, and the folder of what was published." >&2
  exit 2
fi
shift 2
# A digest names the image of one variant, and a tag that of each.
case $previous in
  *@*) image='' ;;
  */*:*) image=$previous ;;
  *) image='' ;;
esac
if [ -z "$image" ] && [ ! -d "$previous" ]; then
  printf 'error: %s is neither a folder nor an image with a tag.\n' "$previous" >&2
  echo "Give the last release's reports, or its image as in ghcr.io/OWNER/github-runner:1.2.3." >&2
  exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# last VARIANT: what the last release had of it, as diff takes it, or nothing
last() {
  if [ -n "$image" ]; then
    # Other variants are in repositories of their own.
    [ "$1" = standard ] && suffix='' || suffix="-$1"
    echo "${image%:*}$suffix:${image##*:}"
  elif [ -e "$previous/$1-report.json" ]; then
    echo "$previous/$1-report.json"
  fi
}

# compare VARIANT [OPTION…]
compare() {
  variant=$1
  shift
  old=$(last "$variant")
  if [ -z "$old" ]; then
    echo 'The last release has no report of this variant.'
  elif "$root/runner-images" diff "$old" "$new/$variant" "$@" --quiet >"$work/diff" 2>"$work/error"; then
    # Its headings, below the variant's.
    sed 's/^#/###/' "$work/diff"
  else
    printf 'It could not be compared with the last release:\n\n```\n'
    cat "$work/error"
    echo '```'
  fi
}

{
  printf '## Images\n\n```\n'
  cat "$new/references.txt"
  echo '```'
  for report in "$new"/*/report.json; do
    variant=$(basename "$(dirname "$report")")
    printf '\n## %s\n\n' "$variant"
    compare "$variant" "$@"
  done
} >"$work/notes.md"
node "$root/scripts/job-summary.mjs" --limit "$limit" "$work/notes.md"
