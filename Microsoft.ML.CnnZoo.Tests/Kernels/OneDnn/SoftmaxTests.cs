using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class SoftmaxTests
{
    [OneDnnTheory]
    [InlineData(1, 10)]
    [InlineData(64, 10)]
    [InlineData(600, 70)]
    public void Softmax_EverySize_EqualsNaive(int rows, int classes)
    {
        for (int threads = 1; threads <= 3; threads++)
            new OneDnnCase().Input(new TensorShape(rows, classes)).Op("Softmax").Check(threads, tolerance: 1e-6);
    }

    [OneDnnFact]
    public void Softmax_LargeLogits_DoesNotOverflow() =>
        new OneDnnCase().Input(new TensorShape(2, 3), [1000, 999, -1000, -5000, -5000, -5001]).Op("Softmax").Check(threads: 1, tolerance: 1e-6);
}
