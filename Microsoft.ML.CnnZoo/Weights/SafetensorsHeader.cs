using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// Parses and checks a safetensors header: every tensor inside the data, none overlapping another, no byte left over.
/// </summary>
internal static class SafetensorsHeader
{
    public static Dictionary<string, SafetensorsEntry> Parse(string path, byte[] header, long dataLength,
        Dictionary<string, string> metadata)
    {
        var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        try
        {
            using JsonDocument document = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw SafetensorsFile.Invalid(path, "its header is not a JSON object");
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                    foreach (JsonProperty item in property.Value.EnumerateObject())
                        metadata[item.Name] = item.Value.GetString() ?? "";
                else if (!entries.TryAdd(property.Name, ParseEntry(path, property, dataLength)))
                    throw SafetensorsFile.Invalid(path, $"the tensor '{property.Name}' is listed twice");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException or OverflowException)
        {
            throw SafetensorsFile.Invalid(path, $"its header cannot be read ({e.Message})", e);
        }
        CheckCoverage(path, entries.Values, dataLength);
        return entries;
    }

    private static SafetensorsEntry ParseEntry(string path, JsonProperty property, long dataLength)
    {
        string type = property.Value.GetProperty("dtype").GetString() ?? "";
        int size = TensorElements.SizeOf(type);
        if (size == 0)
            throw SafetensorsFile.Invalid(path, $"the tensor '{property.Name}' has the unknown dtype '{type}'");
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt64())];
        if (shape.Any(d => d < 0) || offsets.Length != 2)
            throw SafetensorsFile.Invalid(path, $"the tensor '{property.Name}' has shape [{string.Join(',', shape)}] "
                + $"and {offsets.Length} data offsets");
        long bytes = size;
        foreach (long d in shape)
            bytes = checked(bytes * d);
        if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] > dataLength)
            throw SafetensorsFile.Invalid(path,
                $"the tensor '{property.Name}' lies at bytes {offsets[0]} to {offsets[1]} of {dataLength}");
        if (offsets[1] - offsets[0] != bytes)
            throw SafetensorsFile.Invalid(path, $"the tensor '{property.Name}' of {type}[{string.Join(',', shape)}] "
                + $"takes {bytes} bytes, its offsets span {offsets[1] - offsets[0]}");
        return new SafetensorsEntry(property.Name, type, shape, offsets[0], bytes);
    }

    private static void CheckCoverage(string path, IEnumerable<SafetensorsEntry> entries, long dataLength)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in entries.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength))
        {
            if (entry.Offset != end)
                throw SafetensorsFile.Invalid(path,
                    $"the tensor '{entry.Name}' starts at byte {entry.Offset}, the one before it ends at {end}");
            end = entry.Offset + entry.ByteLength;
        }
        if (end != dataLength)
            throw SafetensorsFile.Invalid(path, $"its tensors take {end} bytes, the file holds {dataLength}");
    }
}
