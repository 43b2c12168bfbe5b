using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>Where bytes live.</summary>
internal enum StorageKind
{
    /// <summary>In the plan's arena, reused after its last step.</summary>
    Arena,
    /// <summary>In the plan's arena for the plan's whole life: feeds and fetches.</summary>
    Persistent,
    /// <summary>A variable's own memory.</summary>
    Variable,
    /// <summary>A constant's memory.</summary>
    Constant,
}

/// <summary>
/// The memory behind one or more tensors: views share their source's, in-place kernels their input's.
/// </summary>
internal sealed class Storage(StorageKind kind, long byteLength)
{
    public StorageKind Kind { get; set; } = kind;
    public long ByteLength { get; } = byteLength;
    public Variable? Variable { get; init; }
    public TensorLiteral? Constant { get; init; }
    /// <summary>The storage of which this one is a range of channels, else null.</summary>
    public Storage? Base { get; init; }
    /// <summary>Bytes from the base's start to this storage's first element.</summary>
    public long BaseOffset { get; init; }
    /// <summary>The storage that is allocated: the base, or itself.</summary>
    public Storage Memory => Base ?? this;
    /// <summary>First and last step that touches it.</summary>
    public int First { get; set; } = int.MaxValue;
    public int Last { get; set; } = -1;
    /// <summary>Offset in the arena, once laid out.</summary>
    public long Offset { get; set; }

    public void TouchAt(int step)
    {
        Base?.TouchAt(step);
        First = Math.Min(First, step);
        Last = Math.Max(Last, step);
    }
}
