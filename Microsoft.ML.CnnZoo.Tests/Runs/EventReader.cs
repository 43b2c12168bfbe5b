using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace Microsoft.ML.CnnZoo.Tests.Runs;

/// <summary>A scalar of an event file.</summary>
internal sealed record EventScalar(string Tag, long Step, double Value, double WallTime);

/// <summary>A picture of an event file.</summary>
internal sealed record EventImage(string Tag, long Step, int Height, int Width, byte[] Png);

/// <summary>
/// Reads event files by the description of their format, with no code of the library: records with masked CRC-32C
/// checksums, and in them the messages of tensorflow/core/util/event.proto, field by field.
/// </summary>
internal sealed class EventReader
{
    private EventReader() { }

    public string? FileVersion { get; private set; }

    /// <summary>Scalars, written as simple values or as tensors.</summary>
    public List<EventScalar> Scalars { get; } = [];

    /// <summary>Pictures.</summary>
    public List<EventImage> Images { get; } = [];

    /// <summary>Tags of values that are no scalars and no pictures.</summary>
    public List<string> Others { get; } = [];

    /// <summary>Steps of events that say that what came after does not count, in the order of all events.</summary>
    public List<long> Restarts { get; } = [];

    public static EventReader Read(string path)
    {
        var reader = new EventReader();
        byte[] file = File.ReadAllBytes(path);
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Check(file, at, 8, at + 8);
            Check(file, at + 12, length, at + 12 + length);
            reader.ReadEvent(file.AsSpan(at + 12, length).ToArray());
            at += 12 + length + 4;
        }
        return reader;
    }

    /// <summary>The scalars of a tag that count: step and value.</summary>
    public IEnumerable<(long Step, double Value)> Of(string tag) =>
        Scalars.Where(s => s.Tag == tag).Select(s => (s.Step, s.Value));

    private static void Check(byte[] file, int start, int length, int checksum)
    {
        uint crc = ~0u;
        foreach (byte b in file.AsSpan(start, length))
            crc = BitOperations.Crc32C(crc, b);
        uint masked = unchecked(BitOperations.RotateRight(~crc, 15) + 0xA282EAD8);
        if (masked != BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(checksum)))
            throw new InvalidDataException($"The checksum at byte {checksum} is not that of the bytes from {start}.");
    }

    private void ReadEvent(byte[] message)
    {
        double time = 0;
        long step = 0;
        foreach ((int field, object value) in Fields(message, doubles: true))
            switch (field)
            {
                case 1: time = (double)value; break;
                case 2: step = (long)(ulong)value; break;
                case 3: FileVersion = Text(value); break;
                case 5: ReadSummary((byte[])value, step, time); break;
                case 7 when Fields((byte[])value).Any(f => f is { Field: 1, Value: 1ul }):
                    Restarts.Add(step);
                    Scalars.RemoveAll(s => s.Step >= step);
                    break;
            }
    }

    private void ReadSummary(byte[] message, long step, double time)
    {
        foreach ((int field, object value) in Fields(message))
        {
            if (field != 1)
                continue;
            (int Field, object Value)[] parts = [.. Fields((byte[])value)];
            string tag = Text(parts.First(p => p.Field == 1).Value);
            double? number = parts.Where(p => p.Field == 2).Select(p => (double?)BitConverter.UInt32BitsToSingle((uint)p.Value))
                .FirstOrDefault() ?? parts.Where(p => p.Field == 8).Select(p => Scalar((byte[])p.Value)).FirstOrDefault();
            if (number is { } scalar)
                Scalars.Add(new EventScalar(tag, step, scalar, time));
            else if (parts.FirstOrDefault(p => p.Field == 4).Value is byte[] image)
                Images.Add(Image(tag, step, [.. Fields(image)]));
            else
                Others.Add(tag);
        }
    }

    /// <summary>Height, width and the encoded file: fields 1, 2 and 4.</summary>
    private static EventImage Image(string tag, long step, (int Field, object Value)[] fields)
    {
        int Number(int field) => (int)(ulong)fields.Single(f => f.Field == field).Value;
        return new(tag, step, Number(1), Number(2), (byte[])fields.Single(f => f.Field == 4).Value);
    }

    /// <summary>A TensorProto of one float: type 1, content of 4 bytes or a value.</summary>
    private static double? Scalar(byte[] tensor)
    {
        (int Field, object Value)[] fields = [.. Fields(tensor)];
        if (!fields.Any(f => f is { Field: 1, Value: 1ul }))
            return null;
        return fields.Where(f => f.Field == 4 && ((byte[])f.Value).Length == 4)
            .Select(f => (double?)BitConverter.ToSingle((byte[])f.Value)).FirstOrDefault();
    }

    private static string Text(object value) => System.Text.Encoding.UTF8.GetString((byte[])value);

    private static IEnumerable<(int Field, object Value)> Fields(byte[] message, bool doubles = false)
    {
        var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            yield return ((int)(tag >> 3), (tag & 7) switch
            {
                0 => input.ReadUInt64(),
                1 => doubles ? input.ReadDouble() : input.ReadFixed64(),
                2 => input.ReadBytes().ToByteArray(),
                5 => input.ReadFixed32(),
                _ => throw new InvalidDataException($"Wire type {tag & 7}."),
            });
    }
}
