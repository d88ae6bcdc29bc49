# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# repositories.json: what the daemon calls its images.

tag='":"sha256:'

# Puts our references into the daemon's repositories.json, a single line that Go wrote:
# {"Repositories":{"redis":{"redis:7":"sha256:...","redis@sha256:...":"sha256:..."}}}
merge_references() {
  join_references || return
  [ -z "$added" ] || printf %s "$added" >>"$root/larder/references" || return
  umask 077
  printf '%s\n' "$text" >"$repositories.larder" && mv -f "$repositories.larder" "$repositories" || return
  umask 022
}

# Sets $text to the file's new content, $added to new lines of attach's record, and $kept to the references of the user's own
# that name other images than ours.
join_references() {
  added='' kept=''
  slurp "$catalog/repositories.json"
  ours=$text text=
  [ ! -s "$repositories" ] || slurp "$repositories"
  case $text in
    '{"Repositories":{'*) ;;
    '' | '{}' | '{"Repositories":null}') text='{"Repositories":{}}' ;;
    *) return 1 ;;
  esac
  record=
  [ ! -r "$root/larder/references" ] || while read -r line; do record="$record $line "; done <"$root/larder/references"
  while :; do
    case $ours in *"$tag"*) ;; *) break ;; esac
    reference=${ours%%"$tag"*}
    reference=${reference##*\"}
    ours=${ours#*"$tag"}
    put_reference "$reference" "${ours%%\"*}"
  done
}

# A reference of the user's own stays; one that an earlier attach set, and nobody has changed since, follows.
put_reference() { # reference, image ID in hex
  key=\"$1$tag
  case $text in
    *"$key"*)
      value=${text#*"$key"}
      value=${value%%\"*}
      case "$2 $record" in
        "$value "*) ;;
        *" $1 $value "*) text=${text%%"$key"*}$key$2${text#*"$key$value"} ;;
        *)
          kept="$kept $1"
          return
          ;;
      esac
      ;;
    *) insert_reference "$1" "$key$2\"" ;;
  esac
  case $record in
    *" $1 $2 "*) ;;
    *)
      added="$added$1 $2
"
      ;;
  esac
}

insert_reference() { # reference, "reference":"sha256:..."
  name=${1%%@*}
  case ${name##*/} in *:*) name=${name%:*} ;; esac
  head='{"Repositories":{' group=\"$name'":{'
  case $text in
    *"$group"*) head=${text%%"$group"*}$group rest=${text#*"$group"} entry=$2 ;;
    *) rest=${text#"$head"} entry="$group$2}" ;;
  esac
  case $rest in
    '}'*) text=$head$entry$rest ;;
    *) text=$head$entry,$rest ;;
  esac
}
