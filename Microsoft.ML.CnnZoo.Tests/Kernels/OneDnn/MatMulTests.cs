using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class MatMulTests
{
    public static TheoryData<int, int, int, bool, bool> Cases
    {
        get
        {
            var data = new TheoryData<int, int, int, bool, bool>();
            foreach ((int m, int k, int n) in ((int, int, int)[])[(1, 1, 1), (3, 7, 9), (64, 84, 10), (64, 120, 84), (1, 300, 257), (17, 33, 130), (257, 64, 3)])
                foreach (bool a in (bool[])[false, true])
                    foreach (bool b in (bool[])[false, true])
                        data.Add(m, k, n, a, b);
            return data;
        }
    }

    [OneDnnTheory, MemberData(nameof(Cases))]
    public void MatMul_EverySizeAndTransposition_EqualsNaive(int m, int k, int n, bool transposeA, bool transposeB)
    {
        OneDnnCase product = Inputs(m, k, n, transposeA, transposeB)
            .Op("MatMul", ("transpose_a", AttributeValue.Of(transposeA)), ("transpose_b", AttributeValue.Of(transposeB)));
        for (int threads = 1; threads <= 3; threads++)
            product.Check(threads);
    }

    [OneDnnTheory]
    [InlineData("BiasAdd")]
    [InlineData("BiasAdd,Relu")]
    [InlineData("BiasAdd,Relu6")]
    [InlineData("BiasAdd,Tanh")]
    [InlineData("BiasAdd,Sigmoid")]
    public void FusedMatMul_EveryChain_EqualsNaive(string chain)
    {
        foreach ((int m, int k, int n) in ((int, int, int)[])[(64, 84, 10), (2, 200, 333), (65, 120, 84)])
        {
            OneDnnCase product = Inputs(m, k, n, false, false).Input(new TensorShape(n)).Op("_FusedMatMul", ("transpose_a", AttributeValue.Of(false)),
                ("transpose_b", AttributeValue.Of(false)), ("fused_ops", AttributeValue.OfStrings(chain.Split(','))), ("num_args", AttributeValue.Of(1L)));
            product.Check(threads: 1);
            product.Check(threads: 2);
        }
    }

    private static OneDnnCase Inputs(int m, int k, int n, bool transposeA, bool transposeB) =>
        new OneDnnCase().Input(transposeA ? new TensorShape(k, m) : new TensorShape(m, k)).Input(transposeB ? new TensorShape(n, k) : new TensorShape(k, n));
}
