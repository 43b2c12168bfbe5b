namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>What a pickle of torch.save may refer to: OrderedDict, storages, and functions that make tensors.</summary>
internal sealed class TorchObjects(string path) : IPickleObjects
{
    /// <summary>What helps where a file holds more than tensors.</summary>
    public const string HowToSave = "In Python: torch.save(model.state_dict(), 'weights.pth').";

    private static readonly Dictionary<string, string> StorageTypes = new(StringComparer.Ordinal)
    {
        ["torch.FloatStorage"] = "F32", ["torch.HalfStorage"] = "F16", ["torch.BFloat16Storage"] = "BF16",
        ["torch.DoubleStorage"] = "F64", ["torch.LongStorage"] = "I64", ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16", ["torch.CharStorage"] = "I8", ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL", ["torch.UntypedStorage"] = "U8", ["torch.storage.UntypedStorage"] = "U8",
        ["torch.storage._UntypedStorage"] = "U8",
    };

    private static readonly Dictionary<string, string> ElementTypes = new(StringComparer.Ordinal)
    {
        ["torch.float32"] = "F32", ["torch.float16"] = "F16", ["torch.bfloat16"] = "BF16", ["torch.float64"] = "F64",
        ["torch.int64"] = "I64", ["torch.int32"] = "I32", ["torch.int16"] = "I16", ["torch.int8"] = "I8",
        ["torch.uint64"] = "U64", ["torch.uint32"] = "U32", ["torch.uint16"] = "U16", ["torch.uint8"] = "U8",
        ["torch.bool"] = "BOOL", ["torch.float8_e4m3fn"] = "F8_E4M3", ["torch.float8_e5m2"] = "F8_E5M2",
    };

    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "collections.OrderedDict", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state", "torch._tensor._rebuild_from_type_v2", "torch.Tensor",
        "torch.nn.parameter.Parameter", "torch.Size",
    };

    /// <summary>Element sizes of all storages that were referred to.</summary>
    public Dictionary<string, TorchStorage> Storages { get; } = new(StringComparer.Ordinal);

    public object Global(string module, string name)
    {
        string full = $"{module}.{name}";
        if (StorageTypes.TryGetValue(full, out string? type))
            return new StorageType(type);
        if (ElementTypes.TryGetValue(full, out type))
            return new ElementType(type);
        if (Others.Contains(full))
            return new Function(full);
        throw new InvalidDataException(
            $"'{path}' holds more than tensors: its pickle names {full}, which would have to be run to be read, and "
            + $"nothing in a file is run. {HowToSave}");
    }

    public object? Call(object? function, object?[] arguments) => (function as Function)?.Name switch
    {
        "collections.OrderedDict" => Dictionary(arguments),
        "torch.Size" => arguments is [object?[] or List<object?>] ? Items(arguments[0]).ToArray() : throw Damaged(),
        "torch._utils._rebuild_tensor" or "torch._utils._rebuild_tensor_v2" =>
            Tensor(arguments, (At(arguments, 0) as TorchStorage)?.DataType),
        "torch._utils._rebuild_tensor_v3" => Tensor(arguments, (At(arguments, 6) as ElementType)?.DataType),
        "torch._utils._rebuild_parameter" or "torch._utils._rebuild_parameter_with_state" =>
            At(arguments, 0) as TorchTensor ?? throw Damaged(),
        "torch._tensor._rebuild_from_type_v2" when At(arguments, 0) is Function { Name: not
            "torch._tensor._rebuild_from_type_v2" } inner && At(arguments, 2) is object?[] own => Call(inner, own),
        _ => throw Damaged(),
    };

    /// <summary>('storage', type, key, device, elements[, view]).</summary>
    public object? Persistent(object? identity)
    {
        if (identity is not object?[] and not List<object?>)
            throw Damaged();
        List<object?> parts = Items(identity);
        if (parts is not ["storage", StorageType type, string key, _, long count and >= 0, ..] || count > MaxElements)
            throw Damaged();
        var storage = new TorchStorage(key, type.DataType, count);
        Storages.TryAdd(key, storage);
        // Before PyTorch 0.4 a storage could be a view of another.
        return parts.Count < 6 || parts[5] is null ? storage
            : parts[5] is object?[] and [_, long start and >= 0, long length and >= 0] && start <= count - length
                ? storage with { Count = length, Start = start } : throw Damaged();
    }

    private const long MaxElements = 1L << 56;

    private static object? At(object?[] arguments, int index) => index < arguments.Length ? arguments[index] : null;

    private static List<object?> Items(object? sequence) => sequence switch
    {
        List<object?> list => list,
        object?[] tuple => [.. tuple],
        _ => [],
    };

    private PickleDictionary Dictionary(object?[] arguments)
    {
        var dictionary = new PickleDictionary();
        foreach (object? pair in Items(At(arguments, 0)))
            dictionary.Items.Add(Items(pair) is [var key, var value] ? new(key, value) : throw Damaged());
        return dictionary;
    }

    /// <summary>(storage, offset, shape, strides, …).</summary>
    private TorchTensor Tensor(object?[] arguments, string? dataType)
    {
        if (At(arguments, 0) is not TorchStorage storage || dataType is null || At(arguments, 1) is not long offset)
            throw Damaged();
        return TorchTensor.Create(storage, dataType, offset, Numbers(At(arguments, 2)), Numbers(At(arguments, 3)))
            ?? throw Damaged();
    }

    private long[] Numbers(object? sequence) =>
        [.. Items(sequence).Select(item => item is long number ? number : throw Damaged())];

    private InvalidDataException Damaged() =>
        new($"'{path}' is not a valid file of torch.save: its pickle describes a tensor that cannot be.");

    private sealed record StorageType(string DataType);

    private sealed record ElementType(string DataType);

    private sealed record Function(string Name);
}
