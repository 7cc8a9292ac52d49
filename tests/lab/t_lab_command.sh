# shellcheck shell=sh source=tests/lab/lib.sh
# boot: host
# tier: quick
# timeout: 600
# Arguments reach dom0 unchanged, both outputs come back apart and byte for byte, and so does the status.
. "$LAB_LIB"

# shellcheck disable=SC2016 # the command's own shell expands these
command='
    for argument in "$@"; do printf "<%s>\n" "$argument"; done
    echo "input: $(wc -c)"
    cmp "/opt/some dir/file" /lab/copied && echo copied
    i=0
    while [ $i -lt 256 ]; do
        printf "\\$(printf %o $i)" >&2
        i=$((i + 1))
    done
    (sleep 1000 &)
    head -c 3000000 /dev/zero
    printf "no newline\r"
    exit 42'

# arguments COMMAND...: runs it with arguments that a careless hand would change.
arguments() {
    # shellcheck disable=SC2016
    "$@" name '' ' two  spaces ' 'line
line
' "'single' \"double\" \\" '$HOME `id` *' --icount
}

# shellcheck disable=SC2016
here_or_there() { arguments sh -c 'for argument in "$@"; do printf "<%s>\n" "$argument"; done' sh; }

status=0
arguments "$LAB" run --copy "$LAB_LIB:/opt/some dir/file" --copy "$LAB_LIB:/lab/copied" -- sh -c "$command" sh >out 2>err || status=$?
check_eq "the status of the command" 42 "$status"
{
    here_or_there
    echo "input: 0"
    echo copied
    head -c 3000000 /dev/zero
    printf 'no newline\r'
} >want_out
i=0
while [ $i -lt 256 ]; do
    # shellcheck disable=SC2059 # the escape is the format
    printf "\\$(printf %o $i)"
    i=$((i + 1))
done >want_err
check "standard output" cmp out want_out
check "standard error" cmp err want_err
