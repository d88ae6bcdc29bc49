# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# A daemon that systemd starts: its arguments are those of the unit as it is now, whatever they were at build time.

attach_unit() { # the daemon's arguments at build time
  command=$(systemctl show --property=ExecStart "$unit" 2>/dev/null)
  case $command in
    # ExecStart={ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS ; ignore_errors=no ; ... }
    *' argv[]='*' ; ignore_errors='*)
      command=${command##*' argv[]='}
      command=${command%%' ; ignore_errors='*}
      # systemd prints the words without quotes. Those of a daemon are flags and their values: a word that is neither
      # belongs to the value before it, after a space.
      set -f
      set --
      argument=''
      for word in ${command#* }; do
        case $word in
          # One variable is a list of words; within a word it is text.
          \$[A-Za-z_]*) read_variable "${word#?}" && word=$value ;;
          *) expand_word ;;
        esac
        for part in $word; do
          case $part:$argument in
            *:) argument=$part ;;
            -*) set -- "$@" "$argument" && argument=$part ;;
            *:-*=* | *:[!-]*) argument="$argument $part" ;;
            *) set -- "$@" "$argument" && argument=$part ;;
          esac
        done
      done
      [ -z "$argument" ] || set -- "$@" "$argument"
      set +f
      ;;
  esac
  # shellcheck source=src/attach/dockerd.sh disable=SC1091
  . "$here/$manager.sh"
  "${verb}_$manager" "$@"
}

# ${NAME} in $word becomes its value.
# shellcheck disable=SC2016
expand_word() {
  expanded=
  while :; do
    case $word in
      *'${'*'}'*) ;;
      *) break ;;
    esac
    expanded=$expanded${word%%'${'*} word=${word#*'${'}
    ! read_variable "${word%%'}'*}" || expanded=$expanded$value
    word=${word#*'}'}
  done
  word=$expanded$word
}

# The environment is the one that the daemon will have. Fails for what is no name.
read_variable() { # name
  value=''
  case $1 in *[!A-Za-z0-9_]* | [0-9]*) return 1 ;; esac
  eval "value=\${$1-}"
}
