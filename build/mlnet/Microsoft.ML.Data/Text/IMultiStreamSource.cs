namespace Microsoft.ML.Data;

/// <summary>Zero or more streams, such as files, that a loader reads one after another.</summary>
public interface IMultiStreamSource
{
    int Count { get; }

    /// <summary>The path behind a stream, or null if there is none.</summary>
    string GetPathOrNull(int index);

    Stream Open(int index);

    TextReader OpenTextReader(int index);
}
