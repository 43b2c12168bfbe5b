using System.Buffers.Binary;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Damaged files are refused with a message, whatever the damage, and take no memory that they only announce.
/// </summary>
public sealed class DamagedModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("tf1_oldest.pb")]
    [InlineData("tf1_slim.pb")]
    [InlineData("tf1_resource.pb")]
    public void Read_DamagedGraph_IsRefusedOrRead(string file)
    {
        byte[] good = File.ReadAllBytes(InteropFiles.PathOf("tensorflow-small", file));
        string path = Path.Combine(_folder, file);
        AssertRefuses(good, path, path, 300);
    }

    [Theory]
    [InlineData("keras3_seq_savedmodel", "saved_model.pb")]
    [InlineData("keras3_seq_savedmodel", "variables/variables.index")]
    [InlineData("keras3_seq_savedmodel", "variables/variables.data-00000-of-00001")]
    [InlineData("tf1_slim_savedmodel", "saved_model.pb")]
    [InlineData("tf1_oldest_savedmodel", "variables/variables.index")]
    [InlineData("keras2_fun_savedmodel", "saved_model.pb")]
    public void Read_DamagedModel_IsRefusedOrRead(string model, string file)
    {
        string folder = Copy(model), path = Path.Combine(folder, file);
        AssertRefuses(File.ReadAllBytes(path), path, folder, 150);
    }

    [Theory]
    [InlineData(1, "checksum")] // a key
    [InlineData(-60, "checksum")] // the index block
    [InlineData(-1, "magic")]
    public void Read_DamagedIndex_SaysWhat(int at, string message)
    {
        string folder = Copy("tf1_oldest_savedmodel"), path = Path.Combine(folder, "variables", "variables.index");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x55;
        File.WriteAllBytes(path, bytes);
        Assert.Contains(message, Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_DamagedVariable_NamesIt()
    {
        string folder = Copy("tf1_oldest_savedmodel"),
            path = Path.Combine(folder, "variables", "variables.data-00000-of-00001");
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("the tensor 'old/softmax/weights' cannot be read: its checksum does not match",
            Refusal(folder), StringComparison.Ordinal);
        File.WriteAllBytes(path, bytes[..100]);
        Assert.Contains("which has 100", Refusal(folder), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Throws<FileNotFoundException>(() => TensorFlowReader.Read(folder));
    }

    [Fact]
    public void Read_VariablesWithoutCheckpoint_SaysSo()
    {
        string folder = Copy("tf1_oldest_savedmodel");
        Directory.Delete(Path.Combine(folder, "variables"), recursive: true);
        Assert.Contains("the variable 'old/c1/weights' has no value", Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TableThatAnnouncesMuch_AllocatesLittle()
    {
        string prefix = Path.Combine(_folder, "huge");
        byte[] footer = new byte[48], block = [0xFF, 0xFF, 0xFF, 0xFF];
        byte[] handle = [0, 0, .. Varint(0), .. Varint(1UL << 40)];
        handle.CopyTo(footer, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(40), 0xDB4775248B80FB57);
        File.WriteAllBytes($"{prefix}.index", [.. block, .. footer]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("exceeds the file", Assert.Throws<InvalidDataException>(() => Checkpoint.Open(prefix)).Message,
            StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xE3069283u)] // the check value of CRC-32C
    public void Crc32C_KnownText_HasItsChecksum(string text, uint expected) =>
        Assert.Equal(expected, Crc32C.Append(0, System.Text.Encoding.ASCII.GetBytes(text)));

    private void AssertRefuses(byte[] good, string path, string model, int rounds)
    {
        var random = new Random(13);
        int refused = 0;
        for (int i = 0; i < rounds; i++)
        {
            byte[] bad = i % 3 == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int k = 0; k < i % 7 && bad.Length > 0; k++)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, bad);
            try
            {
                TensorFlowReader.Read(model);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            catch (FileNotFoundException)
            {
                refused++; // a SavedModel whose data file has another number
            }
        }
        Assert.InRange(refused, rounds / 4, rounds);
    }

    private string Refusal(string folder) =>
        Assert.Throws<InvalidDataException>(() => TensorFlowReader.Read(folder)).Message;

    private string Copy(string model)
    {
        string source = InteropFiles.PathOf("tensorflow-small", model), target = Path.Combine(_folder, model);
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllBytes(copy, File.ReadAllBytes(file));
        }
        return target;
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
