/** Completion for fish: sourced, or as ~/.config/fish/completions/otrtalk.fish. */
export const fish = `# otrtalk: completion for fish. In config.fish: otrtalk completion fish | source
function __otrtalk_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l before (string match -r -- '^--[^=]+=' "$current")
    for line in (command otrtalk complete-words -- $words[2..-1] "$current" 2>/dev/null </dev/null)
        if test "$line" = :files
            for path in (__fish_complete_path (string replace -- "$before" '' "$current"))
                echo -- "$before$path"
            end
        else if not string match -q -- '~*' "$line" # fish would make a home of it
            echo -- "$before$line"
        end
    end
end
complete -c otrtalk -f -a '(__otrtalk_complete)'
`
