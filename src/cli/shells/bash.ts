/** Completion for bash 4.2 or newer, without the package bash-completion. */
export const bash = `# otrtalk: completion for bash. In ~/.bashrc: source <(otrtalk completion bash)
_otrtalk() {
  local line before= current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  # Where = does not end a word (COMP_WORDBREAKS), a value is completed with its option.
  case $current in --*=*) before=\${current%%=*}= ;; esac
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
    else
      printf -v line %q "\${line%%$'\\t'*}"
      COMPREPLY+=("$before$line")
    fi
  done < <(command otrtalk complete-line -- "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
}
complete -F _otrtalk otrtalk
`
