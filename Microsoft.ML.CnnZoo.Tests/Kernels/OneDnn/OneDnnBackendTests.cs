using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

public sealed class OneDnnBackendTests
{
    [Fact]
    public void TryOpen_NoSuchFile_SaysWhatWasLookedFor()
    {
        nint library = DnnlLibrary.TryOpen(["/nowhere/libdnnl.so.2", "libdnnl-absent.so"], out _, out string reason);
        Assert.Equal(0, library);
        Assert.Contains("/nowhere/libdnnl.so.2", reason, StringComparison.Ordinal);
        Assert.Contains("libdnnl2", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TryOpen_AnotherLibrary_SaysThatItIsNotOneDnn()
    {
        string compiler = Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*clrjit*")[0];
        Assert.Equal(0, DnnlLibrary.TryOpen([compiler], out _, out string reason));
        Assert.Equal($"{compiler} is not oneDNN.", reason);
    }

    [Fact]
    public void Rejection_MajorVersion3_NamesBothVersions()
    {
        Assert.Null(DnnlLibrary.Rejection(new DnnlVersion { Major = 2, Minor = 6, Patch = 3 }));
        Assert.Equal("oneDNN 3.1.0 was found; this library needs version 2.", DnnlLibrary.Rejection(new DnnlVersion { Major = 3, Minor = 1 }));
    }

    [OneDnnFact]
    public void Factories_EveryOp_IsKnownAndUnique()
    {
        OneDnnBackend backend = OneDnnBackend.TryCreate(out string reason)!;
        Assert.Empty(reason);
        Assert.Equal("onednn", backend.Name);
        Assert.Equal(backend.Factories.Count, backend.Factories.Select(f => f.Op).Distinct().Count());
        Assert.All(backend.Factories, f => CnnZoo.Graph.Ops.OpCatalog.Get(f.Op));
    }

    [OneDnnFact]
    public void Call_WrongArguments_ThrowsWithCallAndStatus()
    {
        DnnlException e = Assert.Throws<DnnlException>(() => DnnlNative.DescribeByTag(4, DnnlDims.Of(1, 2, 3, 4), 3, tag: 12345));
        Assert.Equal("dnnl_memory_desc_init_by_tag", e.Call);
        Assert.Equal("InvalidArguments", e.Status);
        Assert.Contains("dnnl_memory_desc_init_by_tag failed with status 2 (InvalidArguments)", e.Message, StringComparison.Ordinal);
    }

    [OneDnnFact]
    public void Created_FailedStatus_DisposesTheHandle()
    {
        var handle = new DnnlPrimitiveHandle();
        DnnlException e = Assert.Throws<DnnlException>(() => DnnlHandle.Created(handle, DnnlStatus.OutOfMemory, "dnnl_primitive_create"));
        Assert.Equal("OutOfMemory", e.Status);
        Assert.True(handle.IsClosed);
    }

    [OneDnnFact]
    public void TryPrepare_Double_IsRefused()
    {
        var builder = new GraphBuilder();
        NodeDef node = builder.AddNode("MatMul", [builder.Placeholder("a", DataType.Double, new(2, 3)), builder.Placeholder("b", DataType.Double, new(3, 2))]);
        Assert.Null(Factory("MatMul").TryPrepare(Request(node, InputSource.Computed, null, trains: false)));
    }

    internal static IKernelFactory Factory(string op) => OneDnnBackend.TryCreate(out _)!.Factories.Single(f => f.Op == op);

    internal static KernelRequest Request(NodeDef node, InputSource filter, Variable? variable, bool trains) =>
        new(node, [.. node.Inputs.Select((input, i) => i == 1 ? new KernelInput(input.Spec, filter, variable) : new KernelInput(input.Spec, InputSource.Computed))],
            node.Outputs, WorkerPool.Shared, trains);
}
