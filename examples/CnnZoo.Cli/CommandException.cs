namespace CnnZoo.Cli;

/// <summary>A failure whose message explains it to whoever typed the command.</summary>
internal sealed class CommandException(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    /// <summary>The exit code of the process.</summary>
    public int ExitCode { get; } = exitCode;
}
