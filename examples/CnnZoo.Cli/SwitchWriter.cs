using System.Text;

namespace CnnZoo.Cli;

/// <summary>Standard error in the words of the command line: lines of the library name its options there by their switches.</summary>
/// <param name="inner">Where lines go.</param>
internal sealed class SwitchWriter(TextWriter inner) : TextWriter
{
    private readonly Lazy<TrainSwitches> _switches = new();

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => inner.Write(value);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => inner.WriteLine(value is null ? null : _switches.Value.InSwitches(value));

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();
}
