#!/bin/sh
# Checks the #include lines of a source tree against layers.txt. usage: layers.sh TREE
set -euf
tree=$1
rules=$(dirname "$0")/layers.txt
status=0

# matches NAME PATTERN...: true if a pattern matches; "-PATTERN" exempts.
matches() {
    name=$1 hit=1
    shift
    for pattern; do
        case $pattern in
        -*)
            # shellcheck disable=SC2254
            case $name in ${pattern#-}) return 1 ;; esac ;;
        *)
            # shellcheck disable=SC2254
            case $name in $pattern) hit=0 ;; esac ;;
        esac
    done
    return $hit
}

# rule_for FILE PREFIX: sets $allowed to the first row "PREFIX pattern: list" matching FILE.
rule_for() {
    file=$1 prefix=$2
    while IFS= read -r row; do
        case $row in '' | '#'*) continue ;; esac
        case $row in '! '*) kind='! ' ;; *) kind='' ;; esac
        [ "$kind" = "$prefix" ] || continue
        pattern=${row#'! '}
        pattern=${pattern%%:*}
        # shellcheck disable=SC2254
        case $file in $pattern)
            allowed=${row#*:}
            return 0 ;;
        esac
    done <"$rules"
    return 1
}

complain() {
    echo "$1: $2" >&2
    status=1
}

check_file() {
    path=$1 file=${1#"$tree"/}
    rule_for "$file" '' || { complain "$file" "no row of layers.txt covers this file"; return; }
    quoted=$allowed system=
    rule_for "$file" '! ' && system=$allowed
    # shellcheck disable=SC2013 # names, one word each
    for name in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$path"); do
        # shellcheck disable=SC2086
        matches "$name" $quoted && continue
        # A header of the same folder may be named without it.
        case $name in */*) ;; *) [ -e "$(dirname "$path")/$name" ] && continue ;; esac
        complain "$file" "may not include \"$name\""
    done
    # shellcheck disable=SC2013 # names, one word each
    for name in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*<\([^>]*\)>.*/\1/p' "$path"); do
        # shellcheck disable=SC2086
        ! matches "$name" $system || complain "$file" "may not include <$name>"
    done
}

for folder in noxs libukvm chaos-cli daemon guests; do
    [ -d "$tree/$folder" ] || continue
    for path in $(find "$tree/$folder" -name '*.[ch]' | sort); do
        check_file "$path"
    done
done
exit $status
