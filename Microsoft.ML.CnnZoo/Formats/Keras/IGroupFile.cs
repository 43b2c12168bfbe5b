using Microsoft.ML.CnnZoo.Formats.Import;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>
/// A file of groups, data and attributes, as HDF5 is. Paths are written <c>a/b/c</c>; the root is empty. What does not
/// exist is null or empty; what is damaged is an <see cref="InvalidDataException"/>.
/// </summary>
internal interface IGroupFile : IDisposable
{
    /// <summary>The file, for messages.</summary>
    string Origin { get; }

    /// <summary>Names of what a group holds, in the order of names.</summary>
    IReadOnlyList<string> Children(string group);

    /// <summary>Whether a group is there.</summary>
    bool HasGroup(string path);

    /// <summary>The shape of data, outermost dimension first; null where there are none.</summary>
    IReadOnlyList<long>? ShapeOf(string path);

    /// <summary>An attribute's texts; one for a scalar. Null where it is missing or no text.</summary>
    IReadOnlyList<string>? Texts(string path, string attribute);

    /// <summary>Data as floats.</summary>
    KnownArray Read(string path);
}
