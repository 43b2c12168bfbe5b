using System;
using System.IO;

namespace Microsoft.ML.Data;

/// <summary>A file that may be written once and then read.</summary>
public interface IFileHandle : IDisposable
{
    /// <summary>Whether it can be written.</summary>
    bool CanWrite { get; }

    /// <summary>Whether it can be read.</summary>
    bool CanRead { get; }

    /// <summary>A stream to write the file.</summary>
    Stream CreateWriteStream();

    /// <summary>A stream to read the file.</summary>
    Stream OpenReadStream();
}
