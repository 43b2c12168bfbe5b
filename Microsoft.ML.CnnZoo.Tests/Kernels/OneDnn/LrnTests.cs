using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class LrnTests
{
    private static readonly (string, AttributeValue)[] AlexNet =
        [("depth_radius", AttributeValue.Of(2L)), ("bias", AttributeValue.Of(2f)), ("alpha", AttributeValue.Of(0.1f)), ("beta", AttributeValue.Of(0.75f))];

    [OneDnnTheory]
    [InlineData(2, 5, 3, 16)]
    [InlineData(1, 7, 7, 96)]
    [InlineData(4, 3, 5, 256)]
    public void LRN_AlexNetsWindow_EqualsNaive(int n, int h, int w, int c)
    {
        for (int threads = 1; threads <= 3; threads++)
            new OneDnnCase().Input(new TensorShape(n, h, w, c)).Op("LRN", AlexNet).Check(threads);
    }
}
