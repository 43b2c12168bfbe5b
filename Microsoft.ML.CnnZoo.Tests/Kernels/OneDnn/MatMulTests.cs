using Microsoft.ML.CnnZoo.Execution;
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
            foreach ((int m, int k, int n) in ((int, int, int)[])[(1, 1, 1), (3, 7, 9), (64, 84, 10), (64, 120, 84), (1, 300, 257), (17, 33, 130), (257, 64, 3), (4, 1100, 513)])
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
    [InlineData("BiasAdd,Add")]
    [InlineData("BiasAdd,Add,Relu")]
    public void FusedMatMul_EveryChain_EqualsNaive(string chain)
    {
        bool adds = chain.Split(',').Contains("Add");
        foreach ((int m, int k, int n) in ((int, int, int)[])[(64, 84, 10), (2, 200, 333), (65, 120, 84)])
        {
            OneDnnCase product = Inputs(m, k, n, false, false).Input(new TensorShape(n));
            if (adds)
                product.Input(new TensorShape(m, n));
            product.Op("_FusedMatMul", ("transpose_a", AttributeValue.Of(false)),
                ("transpose_b", AttributeValue.Of(false)), ("fused_ops", AttributeValue.OfStrings(chain.Split(','))), ("num_args", AttributeValue.Of(adds ? 2L : 1L)));
            product.Check(threads: 1);
            product.Check(threads: 2);
        }
    }

    [OneDnnTheory]
    [InlineData(40, 24)]
    [InlineData(24, 300)]
    public void MatMul_VariableChanges_PackedCopyFollows(int m, int n)
    {
        const int K = 33;
        var builder = new GraphBuilder();
        using var store = new VariableStore();
        Variable right = store.GetOrAdd("b", new TensorSpec(DataType.Float, new(K, n)));
        NodeDef node = builder.AddNode("MatMul", [builder.Placeholder("a", DataType.Float, new(m, K)), builder.Placeholder("b", DataType.Float, new(K, n))]);
        KernelRequest request = OneDnnBackendTests.Request(node, InputSource.Variable, right, trains: false);
        using IKernel kernel = OneDnnBackendTests.Factory("MatMul").TryPrepare(request)!;
        using NativeBuffer a = new(node.Inputs[0].Spec.ByteLength), c = new(node.Outputs[0].ByteLength), scratch = new(kernel.ScratchBytes);
        a.Span<float>().Fill(1);
        for (int round = 1; round <= 3; round++)
        {
            Span<float> values = right.Values<float>();
            for (int i = 0; i < values.Length; i++)
                values[i] = round * (i % n);
            right.Touch();
            kernel.Run(new KernelBuffers([a.Pointer, right.Pointer], [c.Pointer], scratch.Pointer));
            Span<float> result = c.Span<float>();
            for (int i = 0; i < m * n; i++)
                Assert.Equal((float)K * round * (i % n), result[i], 1e-6 * K * round * n);
        }
    }

    private static OneDnnCase Inputs(int m, int k, int n, bool transposeA, bool transposeB) =>
        new OneDnnCase().Input(transposeA ? new TensorShape(k, m) : new TensorShape(m, k)).Input(transposeB ? new TensorShape(n, k) : new TensorShape(k, n));
}
