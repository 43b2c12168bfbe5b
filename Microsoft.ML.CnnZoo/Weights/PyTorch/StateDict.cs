namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>Finds the tensors of a network in what a checkpoint holds besides.</summary>
internal static class StateDict
{
    private const int MaxDepth = 4;

    /// <summary>
    /// The keys under which training programs keep them, the likeliest first: averaged weights come after plain ones.
    /// </summary>
    private static readonly string[] Wrappers =
        ["state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "params", "weights",
            "state_dict_ema", "model_ema", "ema_state_dict", "ema"];

    /// <summary>The tensors by name, in the file's order.</summary>
    /// <exception cref="InvalidDataException">There are none, or several dictionaries of them.</exception>
    public static IEnumerable<(string Name, TorchTensor Tensor)> Find(object? root, string path)
    {
        var seen = new HashSet<PickleDictionary>(ReferenceEqualityComparer.Instance);
        PickleDictionary dictionary = Locate(root, path, MaxDepth, seen)
            ?? throw new InvalidDataException($"'{path}' holds no dictionary of tensors by name, "
                + "which a state dict is. " + TorchObjects.HowToSave);
        return dictionary.Items.Where(item => item is { Key: string, Value: TorchTensor })
            .GroupBy(item => (string)item.Key!, StringComparer.Ordinal)
            .Select(group => (group.Key, (TorchTensor)group.Last().Value!));
    }

    private static PickleDictionary? Locate(object? value, string path, int depth, HashSet<PickleDictionary> seen)
    {
        if (value is not PickleDictionary dictionary || depth == 0 || !seen.Add(dictionary))
            return null;
        foreach (string key in Wrappers)
            if (Locate(dictionary[key], path, depth - 1, seen) is { } wrapped)
                return wrapped;
        if (dictionary.Items.Exists(item => item is { Key: string, Value: TorchTensor }))
            return dictionary;
        (string Key, PickleDictionary Dictionary)[] others = [.. dictionary.Items
            .Where(item => item.Key is string key && !key.Contains("optim", StringComparison.Ordinal)
                && !key.Contains("sched", StringComparison.Ordinal))
            .Select(item => (Key: (string)item.Key!, Dictionary: Locate(item.Value, path, depth - 1, seen)!))
            .Where(found => found.Dictionary is not null)];
        return others.Length < 2 ? others.FirstOrDefault().Dictionary
            : throw new InvalidDataException($"'{path}' holds several dictionaries of tensors: "
                + $"{string.Join(", ", others.Select(o => o.Key).Take(8))}. In Python: "
                + $"torch.save(checkpoint['{others[0].Key}'], 'weights.pth').");
    }
}
