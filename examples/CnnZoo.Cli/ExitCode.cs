namespace CnnZoo.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    /// <summary>
    /// Done; also when a training was interrupted after its first epoch: its best weights were saved.
    /// </summary>
    public const int Done = 0;

    /// <summary>Failed: one line on standard error says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line could not be understood.</summary>
    public const int WrongUsage = 2;

    /// <summary>Interrupted by Ctrl-C or SIGTERM before there was anything to save.</summary>
    public const int Interrupted = 130;
}
