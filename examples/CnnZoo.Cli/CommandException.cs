namespace CnnZoo.Cli;

/// <summary>A failure that the message explains to whoever typed the command.</summary>
internal sealed class CommandException(string message) : Exception(message);
