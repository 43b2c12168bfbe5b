using System.Diagnostics;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Xunit;
using KerasReader = global::CnnZoo.Cli.KerasReader;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>
/// Files of every format with random damage: a clear refusal or a network, never another exception, a hang, or memory
/// that the file merely announces. A few seconds for each format, ten minutes for all with CNNZOO_FULL=1.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const long MostBytes = 1L << 30;
    // PureHDF makes an array for a length before it reads beyond the file's end; no page of it is touched.
    private const long MostBytesOfHdf5 = 1L << 32;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("fuzz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Onnx_Damaged_IsReadOrRefused() => Fuzz(
        Directory.GetFiles(InteropFiles.PathOf("onnx-ops"), "*.onnx"), file =>
            Importer.Import(OnnxReader.Read(file), new CnnImportOptions()));

    [Fact]
    public void GraphDef_Damaged_IsReadOrRefused() => Fuzz(
        Directory.GetFiles(InteropFiles.PathOf("tensorflow-small"), "*.pb"), file =>
            Importer.Import(TensorFlowReader.Read(file), new CnnImportOptions()));

    [Fact]
    public void Weights_Damaged_AreReadOrRefused() => Fuzz(
        Directory.GetFiles(InteropFiles.PathOf("pytorch-files")).Where(f => !f.EndsWith(".json", StringComparison.Ordinal)), file =>
        {
            using CnnWeights weights = CnnWeights.Load(file);
            Assert.NotNull(weights.Names.ToList());
        });

    [Fact]
    public void Keras_Damaged_IsReadOrRefused() => Fuzz(
        Directory.GetFiles(InteropFiles.PathOf("tensorflow-small")).Where(f => Path.GetExtension(f) is ".h5" or ".keras"), file =>
            Importer.Import(KerasReader.Read(file), new CnnImportOptions()), mostBytes: MostBytesOfHdf5);

    [Theory]
    [InlineData("keras3_seq_savedmodel")]
    [InlineData("keras2_fun_savedmodel")]
    [InlineData("tf1_slim_savedmodel")]
    [InlineData("tf1_resource_savedmodel")]
    public void SavedModel_Damaged_IsReadOrRefused(string name)
    {
        string copy = Path.Combine(_folder, "model"), source = InteropFiles.PathOf("tensorflow-small", name);
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        string[] parts = [.. Directory.GetFiles(copy, "*", SearchOption.AllDirectories)
            .Where(f => f.EndsWith("saved_model.pb", StringComparison.Ordinal) || f.EndsWith(".index", StringComparison.Ordinal))];
        foreach (string part in parts)
            Fuzz([part], _ => Importer.Import(TensorFlowReader.Read(copy), new CnnImportOptions()), inPlace: part,
                share: 1.0 / (4 * parts.Length));
    }

    /// <summary>Damages files, and reads them.</summary>
    /// <param name="files">Sound files.</param>
    /// <param name="read">Reads one.</param>
    /// <param name="inPlace">Where the damaged file lies; null: in a folder of its own.</param>
    /// <param name="share">Of the time for a format.</param>
    /// <param name="mostBytes">Memory that reading one file may take.</param>
    private void Fuzz(IEnumerable<string> files, Action<string> read, string? inPlace = null, double share = 1,
        long mostBytes = MostBytes)
    {
        (string Name, byte[] Bytes)[] seeds = [.. files.Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f), File.ReadAllBytes(f)))];
        Assert.NotEmpty(seeds);
        TimeSpan time = (TestScope.IsFull ? TimeSpan.FromMinutes(2.5) : TimeSpan.FromSeconds(5)) * share;
        var watch = Stopwatch.StartNew();
        int round = 0;
        while (watch.Elapsed < time || round < 20)
        {
            (string name, byte[] sound) = seeds[round % seeds.Length];
            var random = new Random(round++);
            string path = inPlace ?? Path.Combine(_folder, name);
            File.WriteAllBytes(path, Damage(sound, random));
            var one = Stopwatch.StartNew();
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(path);
            }
            catch (Exception e) when (e is InvalidDataException or FileNotFoundException or EndOfStreamException)
            {
                Assert.NotEmpty(e.Message);
            }
            catch (Exception e)
            {
                Assert.Fail($"{name}, damage {round - 1}: {e}");
            }
            Assert.True(one.Elapsed < Longest, $"{name}, damage {round - 1}: took {one.Elapsed}");
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(bytes < mostBytes, $"{name}, damage {round - 1}: {bytes} bytes were allocated");
        }
    }

    private static byte[] Damage(byte[] sound, Random random)
    {
        List<byte> bytes = [.. sound];
        for (int i = random.Next(1, 5); i > 0 && bytes.Count > 8; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, Math.Min(random.Next(1, 16), bytes.Count - at)); break;
                case 3: bytes.InsertRange(at, sound.AsSpan(random.Next(sound.Length / 2), Math.Min(32, sound.Length / 2)).ToArray()); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break; // truncated
                case 5: // a great number where a small one was
                    bytes.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
                    break;
                default: bytes[at] = 0xFF; break;
            }
        }
        return [.. bytes];
    }
}
