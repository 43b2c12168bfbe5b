using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Runs.Protos;

namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>
/// Scalars and pictures for TensorBoard: a file of records, each its length, a checksum of the length, the event, a checksum of
/// the event (masked CRC-32C, little-endian).
/// </summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream _stream;

    /// <summary>Makes the file, with a name that TensorBoard looks for and no other process takes.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public EventFile(string folder)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string name = FormattableString.Invariant(
            $"events.out.tfevents.{now.ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}");
        int number = 0;
        while (File.Exists(Path.Combine(folder, $"{name}.{number}")))
            number++;
        _stream = new FileStream(Path.Combine(folder, $"{name}.{number}"), FileMode.CreateNew, FileAccess.Write,
            FileShare.Read);
        Write(0, e => e.FileVersion = "brain.Event:2");
    }

    /// <summary>Writes the values of some tags.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="scalars">Tag and value; missing values are left out.</param>
    public void Write(long step, params ReadOnlySpan<(string Tag, double? Value)> scalars)
    {
        var summary = new Summary();
        foreach ((string tag, double? value) in scalars)
            if (value is { } number)
                summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)number });
        Write(step, e => e.Summary = summary);
    }

    /// <summary>Writes a picture.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="tag">Its tag.</param>
    /// <param name="png">The file.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    public void WriteImage(long step, string tag, byte[] png, int height, int width)
    {
        var image = new Summary.Types.Image
        {
            Height = height, Width = width, Colorspace = 3, EncodedImageString = ByteString.CopyFrom(png),
        };
        Write(step, e => e.Summary = new Summary { Value = { new Summary.Types.Value { Tag = tag, Image = image } } });
    }

    /// <summary>Says that what was written for a step and later ones does not count.</summary>
    public void Restart(long step) => Write(step,
        e => e.SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start });

    /// <summary>Hands what was written to the system.</summary>
    public void Flush() => _stream.Flush();

    public void Dispose() => _stream.Dispose();

    private void Write(long step, Action<Event> fill)
    {
        var record = new Event { Step = step, WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0 };
        fill(record);
        byte[] content = record.ToByteArray();
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
        _stream.Write(length);
        WriteChecksum(length);
        _stream.Write(content);
        WriteChecksum(content);
    }

    private void WriteChecksum(ReadOnlySpan<byte> bytes)
    {
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Mask(Crc32C.Append(0, bytes)));
        _stream.Write(checksum);
    }
}
