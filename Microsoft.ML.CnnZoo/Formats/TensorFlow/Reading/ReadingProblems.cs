namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>All that a file holds and we cannot read, so that it is reported at once.</summary>
internal sealed class ReadingProblems
{
    private const int NamesListed = 3;
    private const int DetailsListed = 10;

    private readonly SortedDictionary<string, List<string>> _ops = new(StringComparer.Ordinal);
    private readonly List<string> _details = [];

    public bool IsEmpty => _ops.Count == 0 && _details.Count == 0;

    /// <summary>An op that is not supported.</summary>
    public void AddOp(string op, string node)
    {
        if (!_ops.TryGetValue(op, out List<string>? nodes))
            _ops.Add(op, nodes = []);
        nodes.Add(node);
    }

    /// <summary>A node of a supported op that cannot be read.</summary>
    public void Add(string op, string node, string problem) =>
        _details.Add(problem.StartsWith(op, StringComparison.Ordinal) ? problem.TrimEnd('.')
            : $"{op} '{node}': {problem.TrimEnd('.')}");

    /// <summary>The exception that says it all.</summary>
    public InvalidDataException ToException(string origin)
    {
        var lines = new List<string>();
        if (_ops.Count > 0)
            lines.Add("these operators are not supported: " + string.Join("; ", _ops.Select(o =>
                $"{o.Key} ({o.Value.Count} node{(o.Value.Count == 1 ? "" : "s")}: "
                + string.Join(", ", o.Value.Take(NamesListed).Select(n => $"'{n}'"))
                + (o.Value.Count > NamesListed ? ", …)" : ")"))));
        lines.AddRange(_details.Take(DetailsListed));
        if (_details.Count > DetailsListed)
            lines.Add($"and {_details.Count - DetailsListed} more");
        return new($"'{origin}' cannot be read: {string.Join("; ", lines)}.");
    }
}
