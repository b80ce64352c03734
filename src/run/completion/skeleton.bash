# SPDX-License-Identifier: Apache-2.0
# Completes image-signature in bash, from version 4 on. File names are left to readline, which quotes them where that is
# needed; words are split where COMP_WORDBREAKS says so: --option=value is three of them, dir:PATH as well.
_image_signature() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' option='' after_equals='' options_ended='' options='' argument='' value='' i
    COMPREPLY=()
    [[ ${1##*/} != verify-image-signature ]] || command=verify
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) options_ended=yes ;;
            =) i=$((i + 1)) ;;
            -*) ;;
            *)
                case $command in
                    '') command=${COMP_WORDS[i]} ;;
                    # groups
                esac
                ;;
        esac
    done
    if [[ $current == = ]]; then
        option=$previous after_equals=yes current=
    elif [[ $previous == = ]] && ((COMP_CWORD > 1)); then
        option=${COMP_WORDS[COMP_CWORD - 2]} after_equals=yes
    else
        option=$previous
    fi
    [[ -z $options_ended ]] || option=
    case $command in
        # commands
        *) return 0 ;;
    esac
    if [[ -n $value ]]; then
        argument=$value
    elif [[ -n $after_equals ]]; then
        return 0
    elif [[ -z $options_ended && $current == -* ]]; then
        argument=$options
    fi
    case $argument in
        :file) compopt -o default ;;
        :directory) compopt -o dirnames ;;
        :image)
            if [[ $previous$current == dir: || $previous == : && ${COMP_WORDS[COMP_CWORD - 2]} == dir ]]; then
                compopt -o dirnames
            fi
            ;;
        :*) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$argument" -- "$current") ;;
    esac
    return 0
}
