using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>What is known of a schema before training: names, kinds and item types, but no sizes.</summary>
public sealed class SchemaShape : IReadOnlyList<SchemaShape.Column>
{
    private static readonly SchemaShape Empty = new([]);

    private readonly Column[] _columns;

    /// <summary>A shape of columns.</summary>
    public SchemaShape(IEnumerable<Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        _columns = columns.ToArray();
    }

    /// <summary>The number of columns.</summary>
    public int Count => _columns.Length;

    /// <summary>A column.</summary>
    public Column this[int index] => _columns[index];

    /// <inheritdoc/>
    public IEnumerator<Column> GetEnumerator() => ((IEnumerable<Column>)_columns).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The shape of a schema, without its hidden columns.</summary>
    internal static SchemaShape Create(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new SchemaShape(schema.Where(c => !c.IsHidden).Select(c => Describe(c, withAnnotations: true)));
    }

    /// <summary>The column of the name, if there is one.</summary>
    internal bool TryFindColumn(string name, out Column column)
    {
        int index = Array.FindIndex(_columns, c => c.Name == name);
        column = index < 0 ? default : _columns[index];
        return index >= 0;
    }

    /// <summary>This shape with columns added, or in the place of those of the same name.</summary>
    internal SchemaShape With(params Column[] columns)
    {
        var result = new List<Column>(_columns);
        foreach (Column column in columns)
        {
            int index = result.FindIndex(c => c.Name == column.Name);
            if (index < 0)
                result.Add(column);
            else
                result[index] = column;
        }
        return new SchemaShape(result);
    }

    private static Column Describe(DataViewSchema.Column column, bool withAnnotations)
    {
        var vector = column.Type as VectorDataViewType;
        Column.VectorKind kind = vector == null ? Column.VectorKind.Scalar
            : vector.IsKnownSize ? Column.VectorKind.Vector : Column.VectorKind.VariableVector;
        DataViewType item = vector?.ItemType ?? column.Type;
        bool isKey = item is KeyDataViewType;
        if (isKey)
            item = ColumnTypes.PrimitiveOf(item.RawType);
        SchemaShape annotations = withAnnotations
            ? new SchemaShape(column.Annotations.Schema.Select(a => Describe(a, withAnnotations: false)))
            : Empty;
        return new Column(column.Name, kind, item, isKey, annotations);
    }

    /// <summary>A column of a shape.</summary>
    public struct Column
    {
        /// <summary>The name.</summary>
        public readonly string Name;

        /// <summary>Scalar or vector.</summary>
        public readonly VectorKind Kind;

        /// <summary>The type of an item; for keys that of the raw number.</summary>
        public readonly DataViewType ItemType;

        /// <summary>Whether items are keys.</summary>
        public readonly bool IsKey;

        /// <summary>The annotations' shape; never null.</summary>
        public readonly SchemaShape Annotations;

        internal Column(string name, VectorKind vecKind, DataViewType itemType, bool isKey, SchemaShape annotations = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            ArgumentNullException.ThrowIfNull(itemType);
            Name = name;
            Kind = vecKind;
            ItemType = itemType;
            IsKey = isKey;
            Annotations = annotations ?? Empty;
        }

        /// <summary>Whether data is scalar, of fixed or of variable size.</summary>
        public enum VectorKind
        {
            /// <summary>A single value.</summary>
            Scalar,

            /// <summary>A vector of known size.</summary>
            Vector,

            /// <summary>A vector of unknown size.</summary>
            VariableVector,
        }

        /// <summary>Whether a column of this shape may stand where <paramref name="expected"/> is asked for.</summary>
        internal readonly bool IsCompatibleWith(Column expected)
        {
            SchemaShape annotations = Annotations;
            return expected.Kind == Kind && expected.ItemType.Equals(ItemType) && expected.IsKey == IsKey
                && expected.Annotations.All(e => annotations.TryFindColumn(e.Name, out Column own) && own.IsCompatibleWith(e));
        }

        /// <summary>The type in words, as error messages have it.</summary>
        internal readonly string GetTypeString()
        {
            string item = IsKey ? $"Key<{ItemType}>" : ItemType.ToString();
            return Kind switch
            {
                VectorKind.Vector => $"Vector<{item}>",
                VectorKind.VariableVector => $"VarVector<{item}>",
                _ => item,
            };
        }

        /// <summary>The same column under another name.</summary>
        internal readonly Column CloneWithNewName(string newName) => new(newName, Kind, ItemType, IsKey, Annotations);
    }
}
