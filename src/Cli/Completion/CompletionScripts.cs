namespace Topfive.Cli;

/// <summary>
/// What a shell runs when a word is to be completed. Each asks this program, by System.CommandLine's directive [suggest:POSITION], what could stand where
/// the cursor is, and takes what begins with the word so far; where nothing does, files.
/// </summary>
internal static class CompletionScripts
{
    public static IEnumerable<string> Shells => Scripts.Keys;

    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["bash"] = """
            # topfive completion bash > ~/.local/share/bash-completion/completions/topfive    (or: source <(topfive completion bash))
            _topfive() {
              local name=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} candidate
              local line="topfive${COMP_LINE:${#name}}" position=$((COMP_POINT - ${#name} + 7))
              COMPREPLY=()
              while IFS= read -r candidate; do
                if [[ -n $candidate && $candidate == "$word"* ]]; then COMPREPLY+=("$(printf %q "$candidate")"); fi
              done < <(PROGRAM "[suggest:$position]" "$line" 2>/dev/null)
            }
            complete -o default -F _topfive topfive

            """,
        ["zsh"] = """
            #compdef topfive
            # source <(topfive completion zsh)    (after compinit)
            _topfive() {
              local line="topfive ${(j: :)words[2,CURRENT]}"
              local -a candidates
              candidates=("${(@f)$(PROGRAM "[suggest:${#line}]" "$line" 2>/dev/null)}")
              compadd -- ${candidates:#} || _files
            }
            compdef _topfive topfive

            """,
        ["fish"] = """
            # topfive completion fish > ~/.config/fish/completions/topfive.fish
            function __topfive_complete
              set -l words (commandline -opc) (commandline -ct)
              set -l line "topfive "(string join ' ' -- $words[2..-1])
              PROGRAM "[suggest:"(string length -- $line)"]" $line 2>/dev/null
            end
            complete -c topfive -a '(__topfive_complete)'

            """,
        ["pwsh"] = """
            # topfive completion pwsh | Out-String | Invoke-Expression    (in $PROFILE)
            Register-ArgumentCompleter -Native -CommandName topfive -ScriptBlock {
              param($word, $commandAst, $position)
              $line = $commandAst.ToString().PadRight($position - $commandAst.Extent.StartOffset)
              & PROGRAM "[suggest:$($line.Length)]" "$line" 2>$null |
                Where-Object { $_ -like "$word*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }

            """,
    };

    /// <param name="shell">One of <see cref="Shells"/>.</param>
    /// <param name="program">How it starts this program.</param>
    public static string For(string shell, string program) => Scripts[shell].Replace("PROGRAM", program, StringComparison.Ordinal);
}
