using CnnZoo.Cli;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.Weights;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The weights in files that Keras 2 and Keras 3 wrote.</summary>
public sealed class KerasWeightsFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.keras");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("keras2_fun.h5", 23, "stem/kernel:0", "stem_bn/moving_variance:0")]
    [InlineData("keras2_fun_old.h5", 23, "stem/kernel:0", "stem_bn/moving_variance:0")]
    [InlineData("keras2_fun_weights_only.h5", 23, "stem/kernel:0", "stem_bn/moving_variance:0")]
    [InlineData("keras2_fun.keras", 23, "layers/conv2d/vars/0", "layers/batch_normalization/vars/3")]
    [InlineData("keras3_seq.h5", 11, "seq/c1/kernel", "seq/bn2/moving_variance")]
    [InlineData("keras3_seq.keras", 11, "layers/conv2d/vars/0", "layers/batch_normalization/vars/3")]
    [InlineData("keras3_seq.weights.h5", 11, "layers/conv2d/vars/0", "layers/batch_normalization/vars/3")]
    public void TryOpen_EveryForm_HasTheFilesNamesAndKnowsTheLayers(string file, int count, string kernel,
        string variance)
    {
        using ITensorSource source = KerasWeightsFile.TryOpen(Golden(file))!;
        Assert.Equal(count, source.Tensors.Count());
        Assert.Equal(("F32", 4), (source.Find(kernel)!.DataType, source.Find(kernel)!.Shape.Count));
        (string conv, string norm) = count == 23 ? ("stem", "stem_bn") : ("c1", "bn2");
        var layers = new KerasLayers(source);
        Assert.Equal((kernel, variance), (layers.Find(conv, "kernel"), layers.Find(norm, "moving_variance")));
        Assert.All(source.Tensors, tensor =>
        {
            using Stream elements = source.OpenTensor(tensor.Name);
            Assert.Equal(tensor.ElementCount * 4, elements.Length);
        });
    }

    [Theory]
    [InlineData("keras2")]
    [InlineData("keras3")]
    public void OpenTensor_SameNetworkInEveryForm_HasTheSameValues(string network)
    {
        string[] files = [.. Directory.EnumerateFiles(Path.GetDirectoryName(Golden("x"))!, $"{network}_*")
            .Where(f => Path.GetExtension(f) is ".h5" or ".keras")];
        Assert.InRange(files.Length, 3, 4);
        (string layer, string weight)[] samples = network == "keras2" ? [("stem", "kernel"), ("sep_bn", "beta"),
            ("sep", "pointwise_kernel"), ("logits", "bias")]
            : [("c1", "bias"), ("bn2", "moving_mean"), ("d1", "kernel")];
        foreach ((string layer, string weight) in samples)
            Assert.Single(files.Select(f =>
            {
                using ITensorSource source = KerasWeightsFile.TryOpen(f)!;
                string name = new KerasLayers(source).Find(layer, weight)!;
                var values = new float[source.Find(name)!.ElementCount];
                source.Read(name, values);
                return string.Join(' ', values);
            }).Distinct());
    }

    [Theory]
    [InlineData("keras3_seq.keras", 1)]
    [InlineData("keras3_seq.weights.h5", 2)]
    [InlineData("keras2_fun_weights_only.h5", 3)]
    public void TryOpen_DamagedFile_IsReadOrRefused(string file, int seed)
    {
        byte[] whole = File.ReadAllBytes(Golden(file));
        foreach (byte[] damaged in DamagedFiles.Truncated(whole, 40).Concat(DamagedFiles.Mutated(whole, 120, seed)))
        {
            File.WriteAllBytes(_path, damaged);
            try
            {
                using ITensorSource? source = KerasWeightsFile.TryOpen(_path);
                foreach (TensorEntry tensor in source?.Tensors ?? [])
                    source!.OpenTensor(tensor.Name).Dispose();
            }
            catch (InvalidDataException e)
            {
                Assert.Contains(_path, e.Message);
            }
        }
    }

    [Fact]
    public void TryOpen_FileOfAnotherKind_IsLeftToOthers() => Assert.Null(KerasWeightsFile.TryOpen(
        Path.Combine(GoldenFiles.Folder, "interop", "pytorch-files", "state_dict.pth")));

    private static string Golden(string file) => Path.Combine(GoldenFiles.Folder, "interop", "tensorflow-small", file);
}
