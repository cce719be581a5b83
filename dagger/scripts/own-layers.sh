#!/bin/sh
# own-layers.sh BELOW OWN ADDED PATH: what a variant's own layers do to the image below. BELOW and OWN are the roots of that image and of the
# layers alone. ADDED and PATH are the folders that the variant adds to PATH, and those of the PATH below.
#
#   added FOLDER/ | added FILE | replaced FILE    the outermost only: nothing inside of a new folder
#   program NAME | shadowing NAME                 programs in ADDED, and those that PATH has as well
below=$1 own=$2
has() { [ -e "$1" ] || [ -L "$1" ]; }
folder() { [ -d "$1" ] && [ ! -L "$1" ]; }
walk() {
  for file in "$own$1"/* "$own$1"/.[!.]*; do
    has "$file" || continue
    path=$1/${file##*/}
    if folder "$file" && folder "$below$path"; then
      walk "$path"
    elif has "$below$path"; then
      echo "replaced $path"
    elif folder "$file"; then
      echo "added $path/"
    else
      echo "added $path"
    fi
  done
}
walk ""
IFS=:
for added in $3; do
  for program in "$own$added"/* "$below$added"/*; do
    has "$program" || continue
    name=${program##*/}
    echo "program $name"
    for searched in $4; do
      if has "$below$searched/$name"; then echo "shadowing $name"; fi
    done
  done
done
