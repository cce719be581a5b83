#!/bin/sh
# Prints the notes of a release as Markdown: its images by digest, and for each variant what changed since the last release.
#
#   scripts/release-notes.sh PREVIOUS NEW
#
# PREVIOUS has a VARIANT-report.json for each variant of the last release, or nothing for the first one. NEW has the output of
# `runner-images build`, and in references.txt that of `publish`.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# GitHub's limit for a release's text is 125,000 characters.
limit=120000

previous=${1-} new=${2-}
if [ ! -e "$new/references.txt" ]; then
  printf 'error: %s/references.txt does not exist.\n' "$new" >&2
  echo "Give two folders: the last release's reports, and what was published." >&2
  exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare VARIANT
compare() {
  if [ ! -e "$previous/$1-report.json" ]; then
    echo 'The last release has no report of this variant.'
  elif "$root/runner-images" diff "$previous/$1-report.json" "$new/$1/report.json" >"$work/diff" 2>"$work/error"; then
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
    compare "$variant"
  done
} >"$work/notes.md"
node "$root/scripts/job-summary.mjs" --limit "$limit" "$work/notes.md"
