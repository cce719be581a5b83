# native-tools.sh: makes, in a root whose programs this machine runs natively, what a foreign root uses of it while it is configured:
# /accelerate/bin     links to programs, to be first in the foreign root's PATH; they lead to files of that root, mounted at /native
# /accelerate/owners  `PACKAGE SOURCE-VERSION` of every package that a linked program is of
set -eu
export LC_ALL=C
mkdir -p /accelerate/bin && cd /accelerate

# Programs that must remain the foreign root's own, because what they say or make is the architecture's. What is named for an
# architecture works for that one: compilers, linkers.
cat > foreign <<'NAMES'
dpkg               has its architecture compiled in, and resolves the dependencies of `Architecture: all` by it
dpkg-architecture  as dpkg
dpkg-query         names the packages of all architectures but the one that it was built for with theirs
apt                reads the architecture from dpkg and from its own build
apt-.*             as apt
ldconfig           caches the libraries of the architecture that it was built for
uname              what scripts ask for the machine
arch               as uname
getconf            as uname
lscpu              as uname
localedef          caches for, or by loading, own libraries; so do the rest
gio-querymodules
gdk-pixbuf-query-loaders
gtk-query-immodules.*
.*-linux-gnu-.*    is named for an architecture
NAMES

# Links to folders are not followed: /usr/bin/X11 leads to /usr/bin.
find /usr/sbin/ /usr/bin/ -xtype f -executable -exec grep -laE '^.ELF' {} + > elf
xargs readlink -f < elf > real
paste -d ' ' elf real | awk '
  NR == FNR { foreign = foreign (NR == 1 ? "" : "|") $1; next }
  { name = $1; sub(".*/", "", name); program = $2; sub(".*/", "", program) }
  name !~ "^(" foreign ")$" && program !~ "^(" foreign ")$" { print name, "/native" $2 }
' foreign - > links
# One process for all of them; ln would be one each.
perl -ane 'unlink "bin/$F[0]"; symlink $F[1], "bin/$F[0]" or die "acceleration: bin/$F[0]: $!\n"' links

# Of what dpkg answers, this has one answer on all architectures, and scripts ask it often, some by absolute path. Whatever else it is asked,
# the root's own dpkg does, which /own has when it is covered.
cat > bin/dpkg <<'PROGRAM'
#!/bin/sh
case ${1-} in
  --compare-versions | --validate-version) exec /native/usr/bin/dpkg "$@" ;;
  # dpkg would hand this on to the dpkg-query that is first in PATH.
  --listfiles | -L) exec /native/usr/bin/dpkg-query "$@" ;;
  *) exec /own/usr/bin/dpkg "$@" ;;
esac
PROGRAM
chmod 0755 bin/dpkg

{ xargs dpkg-query -S < real 2>/dev/null || true; } | sed -nE '/^diversion /d; s/[:,].*//p' | sort -u > packages
xargs dpkg-query -W -f '${Package} ${source:Version}\n' < packages | sort > owners
rm elf real links foreign packages
