# shellcheck shell=sh disable=SC2154 # attach sets the variables that its parts share
# JSON as far as a daemon's settings need it: the values of some keys.

# Calls `setting PLACE VALUE` for each text, number and word of a file. A place is the keys that lead there:
# "{data-root" at the top, "{features{containerd-snapshotter" below that, "{hosts[" for what stands in a list.
read_json() { # file
  slurp "$1"
  stack='' key='' waits=''
  while [ -n "$text" ]; do
    word=${text%%[][\{\}:,\"]*}
    text=${text#"$word"}
    mark=${text%"${text#?}"}
    text=${text#?}
    for word in $word; do json_value "$word"; done
    case $mark in
      '"')
        take_string
        if [ -n "$waits" ]; then json_value "$string"; else key=$string; fi
        ;;
      :) waits=value ;;
      '{' | '[') stack=$stack$key$mark key='' waits='' ;;
      '}' | ']')
        stack=${stack%?}
        stack=${stack%"${stack##*[\{[]}"} key='' waits=''
        ;;
    esac
    case $stack in *'[') waits=value ;; esac
  done
}

json_value() {
  setting "$stack$key" "$1"
  key='' waits=''
}

# The rest of a string whose first quote is read, into $string.
take_string() {
  string=
  while :; do
    string=$string${text%%\"*}
    case $text in *\"*) text=${text#*\"} ;; *) text= ;; esac
    # A quote behind an odd number of backslashes is part of the string.
    slashes=${string##*[!\\]}
    if [ $((${#slashes} % 2)) = 0 ] || [ -z "$text" ]; then break; fi
    string=$string\"
  done
  # No setting that matters has other escapes.
  rest=$string string=
  while :; do
    case $rest in
      *\\[\"/\\]*) ;;
      *) break ;;
    esac
    before=${rest%%\\[\"/\\]*}
    rest=${rest#"$before"?}
    string=$string$before${rest%"${rest#?}"}
    rest=${rest#?}
  done
  string=$string$rest
}
