# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# The daemon that is asked about: the one that runs in this container, and the program that its name starts.

# Sets $process to the daemon that runs in this container, and not in one of its own containers.
find_process() { # dockerd or containerd
  process=''
  for path in /proc/[0-9]*; do
    name=''
    # A process may end while it is looked at.
    { read -r name <"$path/comm"; } 2>/dev/null || continue
    if [ "$name" != "$1" ] || ! is_in_container "$path"; then continue; fi
    words=$(words_of "${path#/proc/}")
    case ${words%%"$newline"*} in "$1" | */"$1") ;; *) continue ;; esac
    # dockerd's own, which is asked about with dockerd.
    case $1:$words in containerd:*/containerd/containerd.toml*) continue ;; esac
    process=${path#/proc/}
    break
  done
  found_words=$words words=''
  [ -n "$process" ]
}

# Its root directory is ours.
is_in_container() { # directory of a process in /proc
  # shellcheck disable=SC3013 # dash, busybox, bash and mksh all have -ef
  [ "$1/root" -ef / ]
}

# The arguments and the environment that decide are those of the process.
take_process() {
  words=$found_words
  unset DOCKER_DRIVER ROOTLESSKIT_STATE_DIR XDG_DATA_HOME XDG_CONFIG_HOME LARDER_ATTACH
  while IFS= read -r word; do
    case $word in
      DOCKER_DRIVER=* | ROOTLESSKIT_STATE_DIR=* | XDG_DATA_HOME=* | XDG_CONFIG_HOME=* | LARDER_ATTACH=* | HOME=*) export "${word?}" ;;
    esac
  done <<END
$(tr '\0' '\n' 2>/dev/null <"/proc/$process/environ")
END
  read_mode
}

# Another daemon may run than the one that is asked about.
find_elsewhere() {
  [ -n "$process" ] && [ -z "$words" ] || return 0
  elsewhere=$(root_of_process)
  if [ "$elsewhere" = "$root" ]; then
    elsewhere=''
  else
    say "process $process runs $daemon with its data root at $elsewhere: attach --explain $daemon without arguments explains that one"
  fi
}

root_of_process() {
  set --
  while IFS= read -r word; do set -- "$@" "$word"; done <<END
$found_words
END
  shift
  if [ "$daemon" = dockerd ]; then read_settings "$@"; else find_root "$@"; fi
  printf %s "$root"
}

# The daemon runs on a data root that attach has not been at.
check_past() {
  if [ -z "$process" ] || [ -n "$elsewhere$reasons$misses" ]; then return 0; fi
  miss "$daemon runs (process $process), and attach was not run before it: stop it, and start it by its name, $daemon, and not by its path ${found_words%%"$newline"*}"
}

tell_daemon() { # its arguments
  state="not running"
  [ -z "$process" ] || state="process $process"
  [ -z "$process" ] || [ -n "$words" ] || state="process $process runs already"
  tell daemon "$daemon${version:+ $version}${*:+ $*} ($state)"
}

# A miss for each reason for which attach would not be run by the start of the daemon.
check_start() {
  if [ -n "$unit" ]; then
    [ -e "/etc/systemd/system/$unit.d/larder.conf" ] ||
      miss "$unit has no drop-in of Larder's, so systemd starts the daemon without attach: build with PRELOAD below the installation of $daemon"
    return 0
  fi
  case $program in
    */*)
      is_shim "$program" ||
        miss "$program is the path of the daemon itself, so attach is not run: start it by its name, $daemon"
      return 0
      ;;
  esac
  candidate=$(command -v "$daemon") || {
    miss "there is no $daemon in PATH ($PATH): install it, or add its directory to PATH"
    return 0
  }
  # One that runs has been started somehow. Under systemd its program is not the one in PATH.
  if [ -n "$process" ] || is_shim "$candidate"; then return 0; fi
  if find_shim; then
    miss "$candidate comes before Larder's $shim in PATH: put ${shim%/*} before ${candidate%/*}"
  else
    miss "$candidate is not Larder's program, and no directory in PATH has it: build with PRELOAD below the installation of $daemon"
  fi
}

# Sets $shim to Larder's program of the daemon's name.
find_shim() {
  set -f
  IFS=:
  for directory in $PATH; do
    shim=$directory/$daemon
    ! is_shim "$shim" || break
    shim=''
  done
  set +f
  unset IFS
  [ -n "$shim" ]
}

# Has Larder's mark in its second line. The daemons' own programs are binaries, or scripts.
is_shim() { # file
  first='' second=''
  [ -r "$1" ] || return
  { read -r first && read -r second; } <"$1" 2>/dev/null
  [ "$second" = "# larder-shim" ]
}
