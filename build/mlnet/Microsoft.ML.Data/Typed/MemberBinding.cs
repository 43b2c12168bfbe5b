// Internal: members of user classes as columns.
//
//   MemberBinding   one member bound to a column name and type; Bind gives those of a class
//   MemberGetters   a member's value as a ValueGetter (rows of an enumerable, annotations)
//   MemberSetters   a column's value written into a member (CreateEnumerable, prediction engine)
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal sealed class MemberBinding
{
    private MemberBinding(MemberInfo member, string name, DataViewType type, DataViewSchema.Annotations annotations)
    {
        Member = member;
        ColumnName = name;
        ColumnType = type;
        Annotations = annotations;
    }

    public MemberInfo Member { get; }

    public Type MemberType => TypeOf(Member);

    public string ColumnName { get; }

    public DataViewType ColumnType { get; }

    public DataViewSchema.Annotations Annotations { get; }

    /// <summary>The members that a definition names, or all that can be columns.</summary>
    public static MemberBinding[] Bind(Type userType, SchemaDefinition userSchemaDefinition, SchemaDefinition.Direction direction)
    {
        SchemaDefinition definition = userSchemaDefinition ?? SchemaDefinition.Create(userType, direction);
        return definition.Select(column => Bind(userType, column)).ToArray();
    }

    /// <summary>A schema of the members.</summary>
    public static DataViewSchema SchemaOf(IEnumerable<MemberBinding> bindings)
    {
        var builder = new DataViewSchema.Builder();
        foreach (MemberBinding binding in bindings)
            builder.AddColumn(binding.ColumnName, binding.ColumnType, binding.Annotations);
        return builder.ToSchema();
    }

    /// <summary>The public fields, then the public properties, that are not excluded by an attribute.</summary>
    public static IEnumerable<MemberInfo> MembersOf(Type userType, SchemaDefinition.Direction direction)
    {
        const BindingFlags Instance = BindingFlags.Public | BindingFlags.Instance;
        IEnumerable<MemberInfo> properties = userType.GetProperties(Instance).Where(p => p.GetIndexParameters().Length == 0
            && ((direction.HasFlag(SchemaDefinition.Direction.Read) && p.GetGetMethod() != null)
                || (direction.HasFlag(SchemaDefinition.Direction.Write) && p.GetSetMethod() != null)));
        return userType.GetFields(Instance).Concat(properties)
            .Where(m => TypeOf(m) != typeof(IChannel) && m.GetCustomAttribute<NoColumnAttribute>() == null);
    }

    /// <summary>The column type that a member has by its .NET type and attributes.</summary>
    public static DataViewType ColumnTypeOf(MemberInfo member)
    {
        Type rawType = TypeOf(member);
        if (member.GetCustomAttributes(typeof(DataViewTypeAttribute), true).FirstOrDefault() is DataViewTypeAttribute attribute)
        {
            attribute.Register();
            return DataViewTypeManager.FindOrNull(rawType, attribute) ?? throw NoType(member);
        }
        Type itemRaw = VectorItemOf(rawType) ?? rawType;
        PrimitiveDataViewType item = ColumnTypes.PrimitiveOrNull(itemRaw);
        if (item == null)
            return DataViewTypeManager.FindOrNull(rawType, null) ?? throw NoType(member);
        if (member.GetCustomAttribute<KeyTypeAttribute>() is { } key)
            item = KeyOf(member, item, key);
        if (itemRaw == rawType)
            return item;
        int[] dimensions = member.GetCustomAttribute<VectorTypeAttribute>()?.Dims;
        return dimensions is { Length: > 0 } ? new VectorDataViewType(item, dimensions) : new VectorDataViewType(item);
    }

    /// <summary>Whether a member of the .NET type can hold values of the column type.</summary>
    public static bool CanHold(Type memberType, DataViewType columnType)
    {
        Type item = VectorItemOf(memberType);
        if (columnType is VectorDataViewType vector)
            return item != null && RawOf(item) == vector.ItemType.RawType;
        return item == null ? RawOf(memberType) == columnType.RawType : memberType == columnType.RawType;
    }

    /// <summary>The T of T[] and VBuffer&lt;T&gt;; null for other types.</summary>
    public static Type VectorItemOf(Type type)
    {
        if (type.IsSZArray)
            return type.GetElementType();
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(VBuffer<>) ? type.GetGenericArguments()[0] : null;
    }

    /// <summary>The type that getters use for values of the type.</summary>
    public static Type RawOf(Type type) => type == typeof(string) ? typeof(ReadOnlyMemory<char>) : type;

    private static Type TypeOf(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    private static ArgumentOutOfRangeException NoType(MemberInfo member) =>
        new("rawType", $"Could not determine an IDataView type and registered custom types for member {member.Name}");

    private static KeyDataViewType KeyOf(MemberInfo member, PrimitiveDataViewType item, KeyTypeAttribute key)
    {
        if (!KeyDataViewType.IsValidDataType(item.RawType))
            throw new ArgumentOutOfRangeException("rawType", $"Member {member.Name} marked with KeyType attribute, but does not appear to be a valid kind of data for a key type");
        ulong largest = item.RawType == typeof(byte) ? byte.MaxValue : item.RawType == typeof(ushort) ? ushort.MaxValue
            : item.RawType == typeof(uint) ? uint.MaxValue : ulong.MaxValue;
        return new KeyDataViewType(item.RawType, key.KeyCount?.Count ?? largest);
    }

    private static MemberBinding Bind(Type userType, SchemaDefinition.Column column)
    {
        const BindingFlags Instance = BindingFlags.Public | BindingFlags.Instance;
        MemberInfo member = (MemberInfo)userType.GetField(column.MemberName, Instance) ?? userType.GetProperty(column.MemberName, Instance);
        if (member == null)
            throw new ArgumentOutOfRangeException("userSchemaDefinition", $"No field or property with name '{column.MemberName}' found in type '{userType}'.");
        DataViewType type = column.ColumnType ?? ColumnTypeOf(member);
        if (!CanHold(TypeOf(member), type))
            throw new ArgumentOutOfRangeException("userSchemaDefinition", $"Column '{column.ColumnName}' of type {type} cannot be held by the member '{column.MemberName}' of type {TypeOf(member)}.");
        return new MemberBinding(member, column.ColumnName ?? column.MemberName, type, column.Annotations);
    }
}
