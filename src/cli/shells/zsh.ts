/** Completion for zsh: sourced, or as the file _otrtalk in a folder of $fpath. */
export const zsh = `#compdef otrtalk
# otrtalk: completion for zsh. In ~/.zshrc, behind compinit: source <(otrtalk completion zsh)
_otrtalk() {
  local line word hasFiles=
  local -a found shown
  [[ $PREFIX == --*=* ]] && compset -P '*='
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      hasFiles=1
    else
      word=\${line%%$'\\t'*}
      found+=("$word")
      (( $#word < 18 )) && word=\${(r:18:)word}
      [[ $line == *$'\\t'* ]] && word+=" \${line#*$'\\t'}"
      shown+=("$word")
    fi
  done < <(command otrtalk complete-words -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)IPREFIX}\${(Q)PREFIX}" 2>/dev/null </dev/null)
  [[ -n $hasFiles ]] && _files
  (( $#found )) && compadd -l -d shown -a found
}
if [[ $funcstack[1] == _otrtalk ]]; then _otrtalk "$@"; else compdef _otrtalk otrtalk; fi
`
