using System;
using System.Collections.Generic;

namespace Microsoft.ML.Data;

/// <summary>Column types of .NET types that are not built in, such as images. They hold for the whole process.</summary>
public static class DataViewTypeManager
{
    private static readonly object Lock = new();
    private static readonly Dictionary<(Type Type, DataViewTypeAttribute Attribute), DataViewType> Types = [];

    /// <summary>Makes members of the .NET type, with the attribute if one is given, columns of the type. Repeating it is harmless.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Another column type is registered for the .NET type and attribute.</exception>
    public static void Register(DataViewType dataViewType, Type type, DataViewTypeAttribute typeAttribute = null)
    {
        ArgumentNullException.ThrowIfNull(dataViewType);
        ArgumentNullException.ThrowIfNull(type);
        if (dataViewType.RawType != type)
            throw new ArgumentOutOfRangeException(nameof(type), $"{dataViewType} holds values of {dataViewType.RawType}, not of {type}.");
        lock (Lock)
        {
            if (!Types.TryAdd((type, typeAttribute), dataViewType) && !Types[(type, typeAttribute)].Equals(dataViewType))
                throw new ArgumentOutOfRangeException(nameof(type), $"Type {type} is already registered as {Types[(type, typeAttribute)]}.");
        }
    }

    /// <summary>The column type of a .NET type with an attribute, or null.</summary>
    internal static DataViewType FindOrNull(Type type, DataViewTypeAttribute attribute)
    {
        lock (Lock)
            return Types.GetValueOrDefault((type, attribute));
    }
}
