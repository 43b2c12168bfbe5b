using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>How the members of a class are columns. Made from the class, it may be changed before it is used.</summary>
public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    private SchemaDefinition()
    {
    }

    /// <summary>Which members count.</summary>
    [Flags]
    public enum Direction
    {
        /// <summary>Those that can be read.</summary>
        Read = 1,

        /// <summary>Those that can be written.</summary>
        Write = 2,

        /// <summary>Those that can be read or written.</summary>
        Both = Read | Write,
    }

    /// <summary>The first column of the name, or null; setting replaces it or adds one.</summary>
    public Column this[string columnName]
    {
        get => this.FirstOrDefault(c => c.ColumnName == columnName);
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.ColumnName != columnName)
                throw new ArgumentOutOfRangeException(nameof(columnName), $"The column name is specified as '{value.ColumnName}' but must match the selector '{columnName}'.");
            int index = FindIndex(c => c.ColumnName == columnName);
            if (index < 0)
                Add(value);
            else
                this[index] = value;
        }
    }

    /// <summary>The public fields and properties of the class, by its attributes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A member's type cannot be a column, or two members have one name.</exception>
    public static SchemaDefinition Create(Type userType, Direction direction = Direction.Both)
    {
        ArgumentNullException.ThrowIfNull(userType);
        var definition = new SchemaDefinition();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (MemberInfo member in MemberBinding.MembersOf(userType, direction))
        {
            string name = member.GetCustomAttribute<ColumnNameAttribute>()?.Name ?? member.Name;
            if (!names.Add(name))
                throw new ArgumentOutOfRangeException(nameof(userType), $"Duplicate column name '{name}' detected");
            definition.Add(new Column(member.Name, MemberBinding.ColumnTypeOf(member), name));
        }
        return definition;
    }

    /// <summary>The columns of a schema, bound to the members of the class that have their names.</summary>
    internal static SchemaDefinition Create(Type userType, DataViewSchema schema, Direction direction)
    {
        ArgumentNullException.ThrowIfNull(schema);
        SchemaDefinition definition = Create(userType, direction);
        foreach (DataViewSchema.Column column in schema.Where(c => !c.IsHidden))
        {
            Column own = definition[column.Name] ?? throw new ArgumentOutOfRangeException(nameof(schema), $"Type {userType} has no member for the column '{column.Name}'.");
            own.ColumnType = column.Type;
            own.AddAnnotations(column.Annotations);
        }
        return definition;
    }

    /// <summary>A member as a column.</summary>
    public sealed class Column
    {
        private readonly DataViewSchema.Annotations.Builder _builder = new();
        private readonly HashSet<string> _kinds = new(StringComparer.Ordinal);

        internal Column(string memberName, DataViewType columnType, string columnName = null)
        {
            MemberName = memberName;
            ColumnType = columnType;
            ColumnName = columnName ?? memberName;
        }

        /// <summary>The member.</summary>
        public string MemberName { get; }

        /// <summary>The column's name.</summary>
        public string ColumnName { get; set; }

        /// <summary>The column's type.</summary>
        public DataViewType ColumnType { get; set; }

        /// <summary>The column's annotations.</summary>
        public DataViewSchema.Annotations Annotations => _builder.ToAnnotations();

        /// <summary>Adds an annotation.</summary>
        /// <exception cref="InvalidOperationException">There is one of the kind already.</exception>
        public void AddAnnotation<T>(string kind, T value, DataViewType annotationType)
        {
            ArgumentNullException.ThrowIfNull(kind);
            ArgumentNullException.ThrowIfNull(annotationType);
            if (!_kinds.Add(kind))
                throw new InvalidOperationException("Column already contains an annotation of this kind.");
            _builder.Add(kind, annotationType, MemberGetters.OfConstant(value, annotationType));
        }

        internal void AddAnnotations(DataViewSchema.Annotations annotations) => _builder.Add(annotations, _kinds.Add);
    }
}
