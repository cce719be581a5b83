# twin.sh: makes, in a root whose programs this machine runs natively, what a foreign root borrows while it is configured:
# /accelerate/bin     links to programs, to be first in the foreign root's PATH; they lead to the twin's files, mounted at /native
# /accelerate/owners  `PACKAGE SOURCE-VERSION` of every package that a linked program is of
set -eu
export LC_ALL=C
mkdir -p /accelerate/bin && cd /accelerate

# Programs that must remain the foreign root's own, because what they say or make is the architecture's.
foreign() {
  case $1 in
    dpkg | dpkg-architecture) ;; # has its architecture compiled in, and resolves the dependencies of `Architecture: all` by it
    apt | apt-*) ;;              # reads the architecture from dpkg and from its own build
    ldconfig) ;;                 # caches the libraries of the architecture that it was built for
    uname | arch | getconf | lscpu) ;; # what scripts ask for the machine
    localedef | gio-querymodules | gdk-pixbuf-query-loaders | gtk-query-immodules*) ;; # caches for, or by loading, own libraries
    *) return 1 ;;
  esac
}

# Links to folders are not followed: /usr/bin/X11 leads to /usr/bin.
find /usr/sbin/ /usr/bin/ -xtype f -executable -exec grep -laE '^.ELF' {} + > elf
xargs readlink -f < elf > real
paste -d ' ' elf real | while read -r path real; do
  # A program that is named for an architecture works for that one: compilers, linkers.
  case ${real##*/} in *-linux-gnu-*) continue ;; esac
  foreign "${path##*/}" || ln -sf "/native$real" "bin/${path##*/}"
done
{ xargs dpkg-query -S < real 2>/dev/null || true; } | sed -nE '/^diversion /d; s/[:,].*//p' | sort -u > packages
xargs dpkg-query -W -f '${Package} ${source:Version}\n' < packages | sort > owners
rm elf real packages
