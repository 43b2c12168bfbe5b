using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.safetensors");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WriteRead_Float32_IsExact()
    {
        float[] a = [1, -2.5f, float.MaxValue, 1e-40f, 0, -0f], b = [3];
        SafetensorsWriter.Write(_path, [new("a", [2, 3], a), new("b", [1], b), new("empty", [0, 4], [])],
            metadata: new Dictionary<string, string> { ["k"] = "v" });
        using var file = SafetensorsFile.Open(_path);
        var read = new float[6];
        file.Read("a", read);
        Assert.Equal(a, read);
        Assert.Equal(["a", "b", "empty"], file.Entries.Select(e => e.Name));
        Assert.Equal("v", file.Metadata["k"]);
        file.Read("empty", []);
        Assert.Throws<KeyNotFoundException>(() => file.Read("c", read));
        Assert.Throws<ArgumentException>(() => file.Read("b", read));
    }

    [Theory]
    [InlineData(WeightsPrecision.Float16, 1f, 1f)]
    [InlineData(WeightsPrecision.Float16, 0.1f, 0.0999755859375f)]
    [InlineData(WeightsPrecision.BFloat16, 1.00390625f, 1f)] // a tie goes to even
    [InlineData(WeightsPrecision.BFloat16, 1.01171875f, 1.015625f)]
    public void WriteRead_NarrowTypes_RoundToNearestEven(WeightsPrecision precision, float value, float expected)
    {
        SafetensorsWriter.Write(_path, [new("x", [1], [value])], precision);
        using var file = SafetensorsFile.Open(_path);
        var read = new float[1];
        file.Read("x", read);
        Assert.Equal(expected, read[0]);
    }

    [Theory]
    [InlineData(WeightsPrecision.Float32, float.NaN)]
    [InlineData(WeightsPrecision.BFloat16, float.NegativeInfinity)]
    [InlineData(WeightsPrecision.Float16, 70000f)]
    public void Write_ValueNotFiniteInTheFile_IsRefusedAndTheOldFileStays(WeightsPrecision precision, float value)
    {
        SafetensorsWriter.Write(_path, [new("x", [1], [1f])]);
        var error = Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_path,
            [new("good", [1], [1f]), new("bad", [2], [0, value])], precision));
        Assert.Contains($"The tensor 'bad' has values that are not finite as {precision}", error.Message);
        using var file = SafetensorsFile.Open(_path);
        Assert.Equal("x", Assert.Single(file.Entries).Name);
    }

    [Theory]
    [InlineData("F32", "0000807F")]
    [InlineData("F16", "007E")]
    [InlineData("F64", "000000000000F048")]
    public void Read_ValueNotFinite_IsRefusedWithTheTensorsName(string type, string bytes)
    {
        byte[] data = Convert.FromHexString(bytes), header = Encoding.UTF8.GetBytes(
            $"{{\"conv.w\":{{\"dtype\":\"{type}\",\"shape\":[1],\"data_offsets\":[0,{data.Length}]}}}}");
        File.WriteAllBytes(_path, [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. data]);
        using var file = SafetensorsFile.Open(_path);
        var error = Assert.Throws<InvalidDataException>(() => file.Read("conv.w", new float[1]));
        Assert.Equal($"'{_path}': the tensor 'conv.w' has values that are not finite as 32-bit floats.", error.Message);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"""
        + """ "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "starts at byte 4, the one before it ends at 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", 16, "takes 8 bytes, its offsets span 16")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "lies at bytes 0 to 8 of 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "its tensors take 8 bytes, the file holds 12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}""", 8, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "has shape [-2]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "lies at bytes 8 to 0")]
    [InlineData("""{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}""", 8, "unknown dtype 'Q4'")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "cannot be read")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"""
        + """ "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "listed twice")]
    [InlineData("[1,2]", 0, "not a JSON object")]
    [InlineData("{\"a\":", 0, "cannot be read")]
    public void Open_LyingHeader_SaysWhat(string header, int dataBytes, string expected)
    {
        Write((ulong)Encoding.UTF8.GetByteCount(header), header, dataBytes);
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(_path));
        Assert.Contains(expected, error.Message);
        Assert.Contains(_path, error.Message);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(500UL)]
    public void Open_HeaderLongerThanTheFile_IsRefusedBeforeAllocating(ulong length)
    {
        Write(length, "{}", 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains($"claims {length} bytes", Assert.Throws<InvalidDataException>(() =>
            SafetensorsFile.Open(_path)).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Fact]
    public void Open_DamagedBytes_NeverCrashesOrOverAllocates()
    {
        SafetensorsWriter.Write(_path, [new("conv1.weight", [2, 3], [1, 2, 3, 4, 5, 6]),
            new("conv1.bias", [2], [7, 8])]);
        byte[] whole = File.ReadAllBytes(_path);
        var random = new Random(1);
        for (int trial = 0; trial < 3000; trial++)
        {
            byte[] damaged = (byte[])whole.Clone();
            for (int i = random.Next(1, 5); i > 0; i--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (random.Next(3) == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            File.WriteAllBytes(_path, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var file = SafetensorsFile.Open(_path);
                foreach (SafetensorsEntry entry in file.Entries)
                    if (entry.DataType[0] != 'I' && entry.DataType[0] != 'U' && entry.DataType != "BOOL")
                        file.Read(entry.Name, new float[entry.ElementCount]);
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(_path, e.Message);
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        }
    }

    [Fact]
    public void Write_ShapeDoesNotFit_LeavesTheOldFileWhole()
    {
        SafetensorsWriter.Write(_path, [new("a", [1], [1])]);
        byte[] before = File.ReadAllBytes(_path);
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_path, [new("a", [2], [1])]));
        Assert.Equal(before, File.ReadAllBytes(_path));
    }

    private void Write(ulong headerLength, string header, int dataBytes)
    {
        using FileStream stream = File.Create(_path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, headerLength);
        stream.Write(length);
        stream.Write(Encoding.UTF8.GetBytes(header));
        stream.Write(new byte[dataBytes]);
    }
}
