using System;

namespace Microsoft.ML.Data;

/// <summary>Base of attributes that give a member's .NET type a column type of its own.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property, AllowMultiple = false, Inherited = true)]
public abstract class DataViewTypeAttribute : Attribute, IEquatable<DataViewTypeAttribute>
{
    /// <summary>For deriving classes.</summary>
    protected DataViewTypeAttribute()
    {
    }

    /// <inheritdoc/>
    public abstract bool Equals(DataViewTypeAttribute other);

    /// <summary>Registers the column type for this attribute.</summary>
    public abstract void Register();
}
