#!/bin/sh
# difyflow's drivers for git. `difyflow git install` put this file here, `difyflow git uninstall` removes it.
# Git calls it for the files that the attributes name. One that is no Dify document gets git's own output, and
# no Python is started for it; so does every file if difyflow cannot be found or fails.

python='@PYTHON@'

# The difyflow on the PATH, else that of the interpreter that installed this: the first survives that a virtual
# environment is moved or made anew, the second that none is active.
difyflow() {
    if command -v difyflow >/dev/null 2>&1; then
        env difyflow "$@"
        code=$?
        case $code in 126 | 127) ;; *) return $code ;; esac
    fi
    if [ -x "$python" ]; then
        "$python" -m difyflow "$@"
        return
    fi
    echo "difyflow: not on the PATH, and $python is gone: git shows and merges by itself." >&2
    echo "  Mend it with: difyflow git install" >&2
    return 127
}

# The same two questions as `may_be_dsl` of difyflow/git/sniff.py.
is_dsl() {
    [ -f "$1" ] || return 1
    bom=$(printf '\357\273\277')
    LC_ALL=C grep -Eq "^($bom)?[\"']?(app|rag_pipeline|snippet)[\"']?[[:blank:]]*:" <"$1" &&
        LC_ALL=C grep -Eq "^($bom)?[\"']?(workflow|model_config|agent|kind)[\"']?[[:blank:]]*:" <"$1"
}

# Options of the `git diff` that called us, as far as they are about how a diff looks; one a line. Git does not
# tell a driver, so they are read off its command line. Where only `ps` shows that, those with free text are
# left out: it does not say where a word ends.
options() {
    {
        if [ -r "/proc/$PPID/cmdline" ]; then
            tr '\0' '\n' <"/proc/$PPID/cmdline"
        else
            ps -o args= -p "$PPID" 2>/dev/null | tr ' ' '\n' |
                LC_ALL=C grep -Ev '^(-I|--(word-diff-regex|color-words|ignore-matching-lines|anchored)(=|$))'
        fi
    } | while IFS= read -r word; do
        case $word in
        --) break ;;
        -I) IFS= read -r value && printf '%s\n' "$word$value" ;;
        --inter-hunk-context | --diff-algorithm | --anchored | --ignore-matching-lines | \
            --word-diff-regex | --ws-error-highlight | --color-moved-ws | --src-prefix | --dst-prefix | \
            --line-prefix | --output-indicator-new | --output-indicator-old | --output-indicator-context)
            IFS= read -r value && printf '%s\n' "$word=$value"
            ;;
        *) printf '%s\n' "$word" ;;
        esac
    done | LC_ALL=C grep -E "^(-[wbaWRD]|-U[0-9]+|-I.+|-B[0-9%/]*|--(unified|inter-hunk-context|abbrev)=[0-9]+|--break-rewrites(=[0-9%/]+)?|--(no-)?color|--color=[a-z]+|--(no-)?color-moved(-ws)?|--color-moved(-ws)?=[a-z,-]+|--color-words(=.*)?|--word-diff(=[a-z]+)?|--ignore-[a-z-]+|--(no-)?indent-heuristic|--(minimal|patience|histogram|function-context|no-prefix|default-prefix|full-index|binary|text|abbrev|irreversible-delete)|--diff-algorithm=[a-z]+|--(src|dst|line)-prefix=.*|--output-indicator-(new|old|context)=.*|--ws-error-highlight=[a-z,]+|--(word-diff-regex|anchored|ignore-matching-lines)=.*|--submodule(=[a-z]+)?)\$"
}

# What git writes before paths if diff.mnemonicPrefix is set: it tells commits, index and work tree apart, and
# the two trees below are neither. Options for `git diff`, one a line.
prefixes() {
    [ "$(git config --bool diff.mnemonicPrefix)" = true ] || return
    [ "$(git config --bool diff.noprefix)" = true ] && return
    caller | {
        is_diff='' old=i new=w revisions=0
        while IFS= read -r word; do
            case $word in
            diff) is_diff=yes ;;
            --cached | --staged) old=c new=i revisions=-9 ;;
            -*) ;;
            *..*) revisions=2 ;;
            *) git rev-parse --quiet --verify "$word^{tree}" >/dev/null 2>&1 && revisions=$((revisions + 1)) ;;
            esac
        done
        [ "$revisions" -eq 1 ] && old=c
        [ -n "$is_diff" ] && [ "$revisions" -lt 2 ] && printf '%s\n' "--src-prefix=$old/" "--dst-prefix=$new/"
    }
}

# Whether the `git diff` that called us prints in colour: true or false.
colour() {
    case " $(options | tr '\n' ' ') " in
    *' --no-color '* | *' --color=never '*) echo false ;;
    *' --color '* | *' --color=always '*) echo true ;;
    *)
        tty=${GIT_PAGER_IN_USE:-false}
        [ -t 3 ] && tty=true
        git config --get-colorbool color.diff "$tty"
        ;;
    esac
}

# path, file, hash, mode: a tree that holds just this file, as git would store it.
tree() {
    rm -f "$GIT_INDEX_FILE"
    case $4 in
    .) ;;
    *)
        if [ "$4" = 160000 ] || git cat-file -e "$3" 2>/dev/null; then
            hash=$3 # git has it already
        elif [ "$4" = 120000 ]; then
            hash=$(git hash-object -w --no-filters -- "$2") || return
        else
            hash=$(git -c core.safecrlf=false $keep hash-object -w --stdin --path="$1" <"$2") || return
        fi
        git update-index --add --cacheinfo "$4,$hash,$1" || return
        ;;
    esac
    git write-tree
}

# What `git diff` prints by itself; arguments as git gives them to a diff driver.
own_diff() {
    if [ $# -eq 1 ]; then
        printf '* Unmerged path %s\n' "$1"
        return
    fi
    extra=$(prefixes; options)
    scratch=$(mktemp -d) || return
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/objects"
    objects=$(git rev-parse --git-path objects) && objects=$(cd "$objects" && pwd) || return
    GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects${GIT_ALTERNATE_OBJECT_DIRECTORIES:+:$GIT_ALTERNATE_OBJECT_DIRECTORIES}"
    GIT_OBJECT_DIRECTORY="$scratch/objects" GIT_INDEX_FILE="$scratch/index"
    export GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY GIT_INDEX_FILE
    keep='' # as git, which leaves line ends alone in a file that has them in the index
    { git cat-file blob "$3" || git cat-file blob "$6"; } 2>/dev/null | LC_ALL=C grep -q "$(printf '\r')" && keep='-c core.autocrlf=false'
    old=$(tree "$1" "$2" "$3" "$4") && new=$(tree "${8:-$1}" "$5" "$6" "$7") || return
    set -f # an option is a line, whatever spaces and stars are in it
    IFS='
'
    case " $(echo $extra) " in
    *' -R '*) # the sides came in this order; asked for in the other one, they are shown in it again
        first=$new new=$old old=$first
        ;;
    esac
    # shellcheck disable=SC2086  # a word per option
    git --no-pager diff --no-ext-diff --no-textconv ${8:+-M1%} $extra "$old" "$new" --
}

# What git prints of one side by itself, for `git log -p` and `git blame`.
own_text() {
    if [ "$(head -c 8000 "$1" | LC_ALL=C tr -dc '\000' | wc -c)" -gt 0 ]; then
        echo "Binary file of $(wc -c <"$1" | tr -d ' ') bytes, $(git hash-object --no-filters -- "$1")"
    else
        cat "$1"
    fi
}

# The words of the git command that called us, each on a line, up to `--`.
caller() {
    if [ -r "/proc/$PPID/cmdline" ]; then
        tr '\0' '\n' <"/proc/$PPID/cmdline"
    else
        ps -o args= -p "$PPID" 2>/dev/null | tr ' ' '\n'
    fi | sed '/^--$/,$d'
}

# Which side `-X` of the merge, rebase or cherry-pick that called us favors, if any: git tells no driver.
strategy() {
    caller | {
        found='' goes_on=''
        while IFS= read -r word; do
            case $word in
            -X | --strategy-option) IFS= read -r word ;;
            -X*) word=${word#-X} ;;
            --strategy-option=*) word=${word#*=} ;;
            --continue | --skip) goes_on=yes ;;
            *) continue ;;
            esac
            case $word in ours | theirs) found=$word ;; esac
        done
        if [ -n "$goes_on" ] && state=$(git rev-parse --git-path rebase-merge/strategy_opts) && [ -f "$state" ]; then
            found=$(tr ' ' '\n' <"$state" | sed -n 's/^--\(ours\)$/\1/p;s/^--\(theirs\)$/\1/p' | tail -n 1)
        elif [ -n "$goes_on" ] && state=$(git rev-parse --git-path sequencer/opts) && [ -f "$state" ]; then
            found=$(git config --file "$state" --get-all options.strategy-option | grep -Ex 'ours|theirs' | tail -n 1)
        fi
        printf '%s' "$found"
    }
}

# Which version is kept where both clash: DIFYFLOW_FAVOR, else git's setting difyflow.favor, else ours.
favor() {
    wish=${DIFYFLOW_FAVOR:-$(git config --get difyflow.favor)}
    case $wish in
    ours | theirs | base) printf '%s' "$wish" ;;
    *)
        [ -n "$wish" ] && echo "difyflow: DIFYFLOW_FAVOR and difyflow.favor are ours, theirs or base, not $wish" >&2
        printf ours
        ;;
    esac
}

# What base, ours and theirs are called; git before 2.44 does not tell a driver and leaves `%S`, `%X`, `%Y`.
labels() {
    branch=$(env | sed -n 's/^GITHEAD_[0-9a-f]*=//p' | head -n 1)
    case ${6:-%} in %*) base='base' ;; *) base=$6 ;; esac
    case ${7:-%} in %*) ours='HEAD' ;; *) ours=$7 ;; esac
    case ${8:-%} in %*) theirs=${branch:-theirs} ;; *) theirs=$8 ;; esac
}

# base, ours, theirs, size of markers, path: the text merge of git.
own_merge() {
    git merge-file ${side:+"--$side"} --marker-size="$4" -L "$ours" -L "$base" -L "$theirs" "$2" "$1" "$3"
    code=$?
    [ $code -gt 127 ] && echo "warning: $5 cannot be merged as text: ours is kept" >&2
    [ $code -eq 0 ]
}

# Two files, as `git difftool` names them; /dev/null for one that is not there.
difftool() {
    if is_dsl "$1" || is_dsl "$2"; then
        difyflow diff "$1" "$2"
        [ $? -le 1 ] && return
    fi
    git --no-pager diff --no-index --no-ext-diff --no-textconv -- "$1" "$2"
}

# Two folders, as `git difftool --dir-diff` names them: links in the second one lead to the work tree.
difftool_folders() {
    left=${1%/} right=${2%/}
    scratch=$(mktemp -d) || return
    trap 'rm -rf "$scratch"' EXIT
    {
        (cd "$left" && find . ! -type d)
        (cd "$right" && find . ! -type d)
    } | LC_ALL=C sort -u | while IFS= read -r name; do
        old=$left/${name#./} new=$right/${name#./}
        [ -e "$old" ] || old=/dev/null
        [ -e "$new" ] || new=/dev/null
        if [ -L "$new" ]; then
            copy=$scratch/right/${name#./}
            mkdir -p "$(dirname "$copy")" && cat "$new" >"$copy" && new=$copy
        fi
        difftool "$old" "$new"
    done
}

what=$1
shift
exec 3>&1
case $what in
diff)
    if [ $# -gt 1 ] && { is_dsl "$2" || is_dsl "$5"; }; then
        difyflow git diff-driver --colour "$(colour)" -- "$@" && exit 0
    fi
    own_diff "$@"
    code=$?
    [ $code -eq 141 ] && exit 0 # whoever reads has seen enough; git would call it a driver that died
    exit $code
    ;;
textconv)
    if is_dsl "$1"; then
        difyflow git textconv -- "$1" && exit 0
    fi
    own_text "$1"
    ;;
merge)
    labels "$@"
    side=$(strategy)
    if is_dsl "$2" && is_dsl "$3"; then
        difyflow git merge-driver --favor "${side:-$(favor)}" ${side:+--settle} -- \
            "$1" "$2" "$3" "$4" "$5" "$base" "$ours" "$theirs"
        code=$?
        [ $code -le 1 ] && exit $code
    elif is_dsl "$1" || is_dsl "$2" || is_dsl "$3"; then
        echo "difyflow: $5: not every side is a Dify document; git merges it as text" >&2
    fi
    own_merge "$@" || exit 1
    ;;
difftool)
    if [ -d "$1" ] && [ -d "$2" ]; then
        difftool_folders "$1" "$2"
    else
        difftool "$1" "$2"
    fi
    exit 0
    ;;
mergetool)
    if [ -s "$1" ]; then
        difyflow merge --resolve "$1" "$2" "$3" -o "$4"
    else # both sides added it
        difyflow merge --resolve "$4"
    fi
    ;;
*)
    echo "difyflow: git asks for $what, which this driver does not know; run: difyflow git install" >&2
    exit 2
    ;;
esac
