# shellcheck shell=sh disable=SC2154,SC2034 # attach sets the variables that its parts share
# TOML as far as settings need it.

# Calls a function for each line, with the $line and the header of its $table. Neither is indented.
each_setting() { # file, function
  table=''
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[! 	]*}"}
    case $line in '['*) table=$line ;; *) "$2" ;; esac
  done <"$1"
}

# The string that is the value in a $line. It ends at the quote that it began with. Of the escapes those that paths may
# well have: of a quote and of a backslash.
toml_string() {
  string=${line#*=}
  string=${string#"${string%%[! 	]*}"}
  case $string in
    \"*\\*)
      rest=${string#?} string=''
      while [ -n "$rest" ]; do
        case $rest in
          \"*) break ;;
          \\[\"\\]*) rest=${rest#?} ;;
        esac
        string=$string${rest%"${rest#?}"} rest=${rest#?}
      done
      ;;
    \"*) string=${string#?} && string=${string%%\"*} ;;
    \'*) string=${string#?} && string=${string%%\'*} ;;
  esac
  printf %s "$string"
}
