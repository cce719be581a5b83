# Functions around everything that runs scripts of packages, the same for all install methods.
begin_scripts() {
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  # Nothing is started.
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d
  # A cluster of PostgreSQL has an identity and cannot be given another.
  clusters=/etc/postgresql-common/createcluster.d
  mkdir -p "$clusters" && echo 'create_main_cluster = false' > "$clusters/runner-images.conf"
}

end_scripts() {
  rm -f /usr/sbin/policy-rc.d "$clusters/runner-images.conf"
  rmdir --ignore-fail-on-non-empty -p "$clusters"
}
