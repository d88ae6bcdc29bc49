# shellcheck shell=sh disable=SC2154,SC2034 # attach and the daemons' parts set the variables that this shares
# What all stores have in common.

say() { printf 'larder: %s\n' "$*" >&2; }

fail() {
  say "$*; the daemon starts without them"
  exit 1
}

# Ends attach in silence where there is nothing to do; --explain says why there is nothing.
skip() { exit 0; }

# In 1/100 s, into $now; nothing where that is not to be had, since only the log needs it. `cat` reads the file in one go:
# the shell's `read` takes one byte at a time, which Sysbox's files in /proc refuse.
uptime() {
  now=$(cat /proc/uptime 2>/dev/null)
  now=${now%% *}
  case $now in
    *[!0-9.]* | *.*.* | .*) now='' ;;
    # Some containers have an uptime of their own, below 1 s: "0.08" must not be read as octal.
    *.[0-9][0-9]) now=$((${now%.*} * 100 + 1${now#*.} - 100)) ;;
    *) now='' ;;
  esac
}

# Reads a whole file into $text.
slurp() {
  text=
  while IFS= read -r line || [ -n "$line" ]; do text=$text$line; done <"$1"
}

# Reads lines of two words into $text as word:word, with spaces between.
slurp_lines() {
  text=
  while read -r first second; do text="$text $first:$second"; done <"$1"
}

count() { # number noun
  if [ "$1" = 1 ]; then counted="1 $2"; else counted="$1 $2s"; fi
}

# Sets $images to "2 images", and $counted to "5 layers".
tally() { # catalog, its entry for each layer...
  tallied=$1/images images=0 layers=0
  shift
  while read -r line; do images=$((images + 1)); done <"$tallied"
  for path; do [ ! -e "$path" ] || layers=$((layers + 1)); done
  count "$images" image
  images=$counted
  count "$layers" layer
}

report() { # what, end of the line, the catalog's entry for each layer...
  what=$1 end=$2
  shift 2
  tally "$catalog" "$@"
  say "$what $images ($counted) to $root$end"
}

report_attached() { # beside what, the catalog's entry for each layer...
  beside=$1 time=''
  shift
  uptime
  if [ -n "$start" ] && [ -n "$now" ]; then
    taken=$((now - start))
    hundredths=$((taken % 100))
    [ "$hundredths" -ge 10 ] || hundredths=0$hundredths
    time=" in $((taken / 100)).$hundredths s"
  fi
  report attached " by $mode$time$beside" "$@"
}

report_before() { # number of layers that were mended, the catalog's entry for each layer...
  end=' before'
  if [ "$1" -gt 0 ]; then
    count "$1" layer
    end="$end, and mended $counted"
  fi
  shift
  report "had attached" "$end" "$@"
}

read_mode() { mode=${LARDER_ATTACH:-link}; }

# Ends attach where it is switched off.
find_mode() {
  case $mode in
    link | copy) ;;
    off) skip "LARDER_ATTACH is off: leave the variable out" ;;
    *) fail "LARDER_ATTACH=$mode is none of link, copy and off" ;;
  esac
}

begin() { # catalog
  catalog=$1 tree=$1/root
  uptime
  start=$now
  read -r id <"$catalog/id"
}

# Where nobody says how, links are tried.
find_way() { # directories of layers in the catalog...
  [ -z "${LARDER_ATTACH-}" ] || return 0
  # shellcheck source=src/attach/nested.sh
  . "$here/nested.sh"
  choose_link "$@"
}

# The marker says how the data root was attached. A witness lies where the layers are, and the file `origin` says which
# file that is: a copy of the data root has both, but is another file.
mark() {
  : >"$witness" && identify >"$root/larder/origin.$id" && printf '%s\n' "$mode" >"$root/larder/$id"
}

identify() { stat -c '%i %Z' "$witness" 2>/dev/null || :; }

# Sets $mode to how it was attached before, and $copied if the data root has been copied since.
was_attached() {
  [ -e "$root/larder/$id" ] || return
  line='' origin='' copied=''
  read -r line <"$root/larder/$id" || :
  mode=${line:-$mode}
  [ ! -r "$root/larder/origin.$id" ] || read -r origin <"$root/larder/origin.$id" || :
  [ "$origin" = "$(identify)" ] || copied=yes
  # Some attach to this data root has put copies of layers there.
  copies=''
  for path in "$root"/larder/*; do
    case ${path##*/} in *.*) continue ;; esac
    [ -d "$path" ] || { read -r line <"$path" && [ "$line" != copy ]; } || copies=yes
  done
}

# On overlayfs no layers can be kept: so this comes before the first directory is made.
check_file_system() { # directory of the layers, the store that cannot be there
  find_existing "$1"
  fs=$(stat -f -c %t "$path" 2>/dev/null) || return 0
  [ "$fs" != 794c7630 ] ||
    fail "$1 is on overlayfs, where $2 cannot be: mount a volume at $root to have the images"
}

# Sets $path to the directory, or to the nearest one above it that is there.
find_existing() { # directory
  path=$1
  while [ ! -d "$path" ]; do
    case $path in
      /*/*) path=${path%/*} ;;
      /*) path=/ ;;
      */*) path=${path%/*} ;;
      *) path=. ;;
    esac
  done
}

# The words of a process's command line, one a line.
words_of() { # process
  tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline"
}

# Written first: whoever cleans up must know the images even if this attach is killed.
write_record() { # name, file of the catalog
  while read -r line; do printf '%s\n' "$line"; done <"$2" >"$root/larder/$1.$id"
}

# A whiteout cannot be in the shelf, where it would be one of the outer image: it is made here, below $1.
# Without tar, from a list: whiteout_directory tells where those of a list belong.
make_whiteouts() { # directory, list...
  [ -e "$catalog/whiteouts.tar" ] || return 0
  below=$1
  shift
  if command -v tar >/dev/null; then
    # GNU tar reads escapes in a directory after -C.
    (cd "$below" && tar -xf "$catalog/whiteouts.tar")
    return
  fi
  for list; do
    whiteout_directory "$list" || return
    while IFS= read -r line; do
      decode_path
      path=$below/$directory/$path
      [ -c "$path" ] || { mkdir -p "${path%/*}" && mknod "$path" c 0 0; } || return
    done <"$list"
  done
}

# All whiteouts in a directory of their own, $made, on the file system of the layers: elsewhere there may be no devices.
make_whiteouts_aside() { # directory of the layers, list...
  made=$1/larder-whiteouts
  rm -rf "$made" && mkdir "$made" || return
  shift
  make_whiteouts "$made" "$@"
}

has_whiteouts() { # list, the directory with them
  while IFS= read -r line; do
    decode_path
    [ -c "$2/$path" ] || return
  done <"$1"
}

# The path in a $line of a list.
decode_path() {
  path=$line
  case $line in
    *\\*)
      # The dot keeps a newline at the end of the name.
      path=$(printf '%b.' "$line")
      path=${path%.}
      ;;
  esac
}

# Some layer has extended attributes.
has_xattrs() {
  for path in "$catalog"/db/*/xattrs; do
    [ ! -e "$path" ] || return 0
  done
  return 1
}

# cp -a of other tools does without extended attributes.
warn_of_xattrs() {
  case $(cp --version 2>/dev/null) in
    *GNU*) ;;
    *) say "cp here does not copy extended attributes, so file capabilities get lost: install coreutils" ;;
  esac
}
