using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

public sealed class VariableStoreTests
{
    private static readonly TensorSpec Spec = new(DataType.Float, new TensorShape(2, 3));

    [Fact]
    public void GetOrAdd_AgainWithAnotherShape_SaysBoth()
    {
        using var store = new VariableStore();
        store.GetOrAdd("w", Spec);
        var error = Assert.Throws<ArgumentException>(() =>
            store.GetOrAdd("w", new TensorSpec(DataType.Float, new TensorShape(3))));
        Assert.Contains("'w' is Float[2,3], requested as Float[3]", error.Message);
    }

    [Fact]
    public void Set_Value_ComesBackAndChangesTheVersion()
    {
        using var store = new VariableStore();
        Variable w = store.GetOrAdd("w", Spec);
        long before = w.Version;
        w.Set(Tensor.Of<float>(Spec.Shape, 1, 2, 3, 4, 5, 6));
        Assert.True(w.Version > before);
        Assert.Equal([1, 2, 3, 4, 5, 6], w.Get().Values<float>().ToArray());
        Assert.Throws<ArgumentException>(() => w.Set(Tensor.Of<float>(new TensorShape(6), 1, 2, 3, 4, 5, 6)));
    }

    [Fact]
    public void Clone_Change_LeavesTheOriginal()
    {
        using var store = new VariableStore();
        store.GetOrAdd("w", Spec).Set(Tensor.Of<float>(Spec.Shape, 1, 2, 3, 4, 5, 6));
        using VariableStore copy = store.Clone();
        copy["w"].Values<float>()[0] = 9;
        Assert.Equal(1, store["w"].Values<float>()[0]);
        Assert.Equal(9, copy["w"].Values<float>()[0]);
    }

    [Fact]
    public void NativeBuffer_Disposed_IsCountedAndRefusesUse()
    {
        var buffer = new NativeBuffer(100);
        Assert.Equal(0, buffer.Pointer % NativeBuffer.Alignment);
        Assert.True(NativeBuffer.LiveCount > 0);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Pointer);
    }
}
