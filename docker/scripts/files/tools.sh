# Functions of the shell for tools that an image gets, whose files are put below /tools.

# place FOLDER SCRIPT [ARGUMENT…]: the files that the script leaves in /unpacked go to the folder.
place() {
  into=/tools$1
  shift
  mkdir -p "$into"
  (cd /tmp && sh "$@")
  cp -a /unpacked/. "$into/"
  rm -rf /unpacked /unpacked.*
}

# link TARGET PATH
link() {
  mkdir -p "/tools${2%/*}"
  ln -s "$1" "/tools$2"
}
