# Runs a program of the foreign root at /target, then prints where this root's programs look for their loader: their PT_INTERP,
# the first path of a loader in the file.
set -eu
chroot /target /bin/true
grep -aoE -m 1 '/lib[[:alnum:]_/.-]*/ld[[:alnum:]_.-]*' /usr/bin/dash | head -n 1
