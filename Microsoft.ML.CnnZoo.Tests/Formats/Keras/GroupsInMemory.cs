using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Keras;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Keras;

/// <summary>A file of groups that is made up: data and lists of names by their paths.</summary>
internal sealed class GroupsInMemory : IGroupFile
{
    private readonly Dictionary<string, KnownArray> _data = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _texts = new(StringComparer.Ordinal);

    public string Origin => "made up";

    /// <summary>Adds data.</summary>
    public GroupsInMemory With(string path, int[] shape, params float[] values)
    {
        _data.Add(path, KnownArray.Of(shape, values));
        return this;
    }

    /// <summary>Adds a list of texts to a group.</summary>
    public GroupsInMemory WithTexts(string path, string attribute, params string[] texts)
    {
        _texts.Add($"{path}@{attribute}", texts);
        return this;
    }

    public IReadOnlyList<string> Children(string group) => [.. _data.Keys.Where(k => group.Length == 0
        || k.StartsWith($"{group}/", StringComparison.Ordinal))
        .Select(k => k[(group.Length == 0 ? 0 : group.Length + 1)..].Split('/')[0]).Distinct().Order(StringComparer.Ordinal)];

    public bool HasGroup(string path) => Children(path).Count > 0
        || _texts.Keys.Any(k => k.StartsWith($"{path}@", StringComparison.Ordinal)
            || k.StartsWith($"{path}/", StringComparison.Ordinal));

    public IReadOnlyList<long>? ShapeOf(string path) =>
        _data.TryGetValue(path, out KnownArray? data) ? [.. data.Shape.Select(d => (long)d)] : null;

    public IReadOnlyList<string>? Texts(string path, string attribute) => _texts.GetValueOrDefault($"{path}@{attribute}");

    public KnownArray Read(string path) => _data[path];

    public void Dispose() { }
}
