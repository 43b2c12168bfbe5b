#!/usr/bin/env bash
# Installs the two native libraries that the project can use, where that is possible without asking.
# Without them everything still builds; what then works less well is said. Always exits 0.
set -u

# Library file, Debian package, what is lost without it.
libraries=(
  "libdnnl.so.2|libdnnl2|networks run on the managed kernels, several times slower"
)

present() {
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -qF "$1 "
}

missing_packages() {
  local entry file package
  for entry in "${libraries[@]}"; do
    IFS='|' read -r file package _ <<<"$entry"
    present "$file" || echo "$package"
  done
}

report_missing() {
  local entry file package effect
  for entry in "${libraries[@]}"; do
    IFS='|' read -r file package effect <<<"$entry"
    present "$file" || echo "install-native: $file is missing (Debian package $package): $effect." >&2
  done
}

debian_or_ubuntu() {
  command -v apt-get >/dev/null && grep -qE '^(ID|ID_LIKE)=.*(debian|ubuntu)' /etc/os-release 2>/dev/null
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
}

main() {
  local packages
  mapfile -t packages < <(missing_packages)
  if [ "${#packages[@]}" -eq 0 ]; then
    echo "install-native: all native libraries are there."
    return
  fi
  if ! debian_or_ubuntu; then
    echo "install-native: this is not Debian or Ubuntu; nothing was installed." >&2
  elif [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    echo "install-native: installing needs root (or sudo without a password): apt-get install ${packages[*]}" >&2
  else
    echo "install-native: installing ${packages[*]}"
    # One at a time: a package that can't be had must not keep the other away. Package lists are fetched only when they are needed.
    local package updated=no
    for package in "${packages[@]}"; do
      install_packages "$package" 2>/dev/null && continue
      if [ "$updated" = no ]; then
        as_root apt-get update -qq </dev/null >&2
        updated=yes
      fi
      install_packages "$package" || echo "install-native: apt-get could not install $package." >&2
    done
  fi
  report_missing
}

main
exit 0
