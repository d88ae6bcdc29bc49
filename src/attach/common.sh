# shellcheck shell=sh disable=SC2154,SC2034 # attach and the daemons' parts set the variables that this shares
# What all stores have in common.

say() { printf 'larder: %s\n' "$*" >&2; }

fail() {
  say "$*; the daemon starts without them"
  exit 1
}

# In 1/100 s. Some containers have an uptime of their own, below 1 s: "0.08" must not be read as octal.
uptime() {
  read -r now _ </proc/uptime
  now=$((${now%.*} * 100 + 1${now#*.} - 100))
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

report() { # what, end of the line, the catalog's entry for each layer...
  what=$1 end=$2 images=0 layers=0
  shift 2
  while read -r line; do images=$((images + 1)); done <"$catalog/images"
  for path; do [ ! -e "$path" ] || layers=$((layers + 1)); done
  count "$images" image
  images=$counted
  count "$layers" layer
  say "$what $images ($counted) to $root$end"
}

report_attached() { # beside what, the catalog's entry for each layer...
  beside=$1
  shift
  uptime
  taken=$((now - start))
  hundredths=$((taken % 100))
  [ "$hundredths" -ge 10 ] || hundredths=0$hundredths
  report attached " by $mode in $((taken / 100)).$hundredths s$beside" "$@"
}

# Ends attach where there is nothing to do; else reads the catalog's id.
begin() { # catalog
  catalog=$1 tree=$1/root
  [ -r "$catalog/id" ] || return
  uptime
  start=$now
  case $mode in
    link | copy) ;;
    off) exit 0 ;;
    *) fail "LARDER_ATTACH=$mode is none of link, copy and off" ;;
  esac
  read -r id <"$catalog/id"
}

# On overlayfs no layers can be kept: so this comes before the first directory is made.
check_file_system() { # the store that cannot be there
  path=$root
  while [ ! -d "$path" ]; do
    case $path in
      /*/*) path=${path%/*} ;;
      /*) path=/ ;;
      */*) path=${path%/*} ;;
      *) path=. ;;
    esac
  done
  fs=$(stat -f -c %t "$path" 2>/dev/null) || return 0
  [ "$fs" != 794c7630 ] ||
    fail "$root is on overlayfs, where $1 cannot be: mount a volume there to have the images"
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
    tar -xf "$catalog/whiteouts.tar" -C "$below"
    return
  fi
  for list; do
    whiteout_directory "$list" || return
    while IFS= read -r line; do
      # The dot keeps a newline at the end of the name.
      path=$(printf '%b.' "$line")
      path=$below/$directory/${path%.}
      [ -c "$path" ] || { mkdir -p "${path%/*}" && mknod "$path" c 0 0; } || return
    done <"$list"
  done
}

# cp -a of other tools does without extended attributes.
warn_of_xattrs() {
  case $(cp --version 2>/dev/null) in
    *GNU*) ;;
    *) say "cp here does not copy extended attributes, so file capabilities get lost: install coreutils" ;;
  esac
}
