# SPDX-License-Identifier: Apache-2.0
# Completes image-signature in bash, from version 4 on. File names are left to readline, which quotes them where that is
# needed; words are split where COMP_WORDBREAKS says so: --option=value is three of them, dir:PATH as well.
_image_signature() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' option='' after_equals='' options_ended='' options='' argument='' value='' in_value='' begun='' attached='' i
    COMPREPLY=()
    [[ ${1##*/} != verify-image-signature ]] || command=verify
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) options_ended=yes ;;
            =) i=$((i + 1)) ;;
            -*) ;;
            *)
                [[ -n $command ]] || { command=${COMP_WORDS[i]}; continue; }
                case "$command ${COMP_WORDS[i]}" in
                    # What help has been asked about has no commands where it is not among the cases below.
                    'help '* | *' help '*) command+=" ${COMP_WORDS[i]}" ;;
                    # groups
                esac
                ;;
        esac
    done
    i=$((COMP_CWORD - 1))
    if [[ $current == = ]]; then
        after_equals=yes current=
    elif [[ $previous == = ]] && ((i > 0)); then
        after_equals=yes i=$((i - 1))
    fi
    option=${COMP_WORDS[i]}
    # FORMAT=FILE has an equals sign of its own.
    if [[ -n $after_equals && $option != -* ]] && ((i > 1)); then
        in_value=yes option=${COMP_WORDS[i - 1]}
        [[ $option != = ]] || option=${COMP_WORDS[i - 2]}
    fi
    # A value may follow its short option in the same word: -fFILE.
    if [[ -z $after_equals && $current == -[[:alnum:]]?* ]]; then
        attached=${current:0:2} option=${current:0:2}
    fi
    [[ -z $options_ended ]] || option=
    case $command in
        # commands
        *) return 0 ;;
    esac
    case $in_value$value in
        yes:report*) value=:file ;;
        yes*) value='' ;;
    esac
    if [[ -n $value && -n $attached ]]; then
        begun=$attached current=${current:2}
    fi
    if [[ -n $value ]]; then
        argument=$value
    elif [[ -n $after_equals ]]; then
        return 0
    elif [[ -z $options_ended && $current == -* ]]; then
        argument=$options
    fi
    case $begun$argument in
        -?:file|-?:directory)
            # To readline the word is no file name.
            compopt -o filenames
            [[ $argument == :file ]] && argument=-f || argument=-d
            mapfile -t COMPREPLY < <(compgen -P "$begun" "$argument" -- "$current")
            if ((${#COMPREPLY[@]} == 1)) && [[ -d ${COMPREPLY[0]#-?} ]]; then
                compopt -o nospace
                COMPREPLY[0]+=/
            fi
            ;;
        :file) compopt -o default ;;
        :directory) compopt -o dirnames ;;
        *:report*)
            compopt -o nospace
            mapfile -t COMPREPLY < <(compgen -P "$begun" -S = -W "${argument#:report}" -- "$current")
            ;;
        *:begin*)
            compopt -o nospace
            mapfile -t COMPREPLY < <(compgen -P "$begun" -W "${argument#:begin}" -- "$current")
            ;;
        *:list*)
            [[ $current != *,* ]] || begun+=${current%,*},
            value=''
            for i in ${argument#:list}; do
                [[ ,$begun == *,$i,* ]] || value+=" $i"
            done
            mapfile -t COMPREPLY < <(compgen -P "$begun" -W "$value" -- "${current##*,}")
            ;;
        *:image)
            if [[ $previous$current == dir: || $previous == : && ${COMP_WORDS[COMP_CWORD - 2]} == dir ]]; then
                compopt -o dirnames
            elif [[ $current == [\"\']dir:* ]]; then
                # In quotes a word is whole.
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -P dir: -d -- "${current#?dir:}")
                # Where there are two, readline leaves the quotes open.
                ((${#COMPREPLY[@]} != 1)) || COMPREPLY=("${COMPREPLY[0]}/" "${COMPREPLY[0]}/.")
            else
                mapfile -t COMPREPLY < <(compgen -W "${argument%:image}" -- "$current")
            fi
            ;;
        :* | -?:*) ;;
        *) mapfile -t COMPREPLY < <(compgen -P "$begun" -W "$argument" -- "$current") ;;
    esac
    return 0
}
