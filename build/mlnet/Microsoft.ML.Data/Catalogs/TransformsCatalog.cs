using System;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Transformations; most are extension methods.</summary>
public sealed class TransformsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _environment;

    internal TransformsCatalog(IHostEnvironment env)
    {
        ArgumentNullException.ThrowIfNull(env);
        _environment = env;
        Conversion = new ConversionTransforms(this);
    }

    /// <summary>Conversions of types and keys.</summary>
    public ConversionTransforms Conversion { get; }

    IHostEnvironment IInternalCatalog.Environment => _environment;

    /// <summary>Conversions of types and keys; extension methods.</summary>
    public sealed class ConversionTransforms : IInternalCatalog
    {
        private readonly IHostEnvironment _environment;

        internal ConversionTransforms(TransformsCatalog owner) => _environment = owner.GetEnvironment();

        IHostEnvironment IInternalCatalog.Environment => _environment;
    }
}
