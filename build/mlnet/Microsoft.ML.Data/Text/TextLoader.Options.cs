namespace Microsoft.ML.Data;

public sealed partial class TextLoader
{
    /// <summary>Fields of a line, counted from 0.</summary>
    public sealed class Range
    {
        public int Min;

        /// <summary>The last field; null for <see cref="Min"/> itself, or with <see cref="AutoEnd"/> the line's last.</summary>
        public int? Max;

        /// <summary>Whether the range goes on to the last field that the first line has.</summary>
        public bool AutoEnd;

        /// <summary>Whether the range goes on to the last field of each line, so that the vectors' sizes vary.</summary>
        public bool VariableEnd;

        /// <summary>Whether the range is all fields that no other column has.</summary>
        public bool AllOther;

        /// <summary>Whether the column is a vector even if the range is one field.</summary>
        public bool ForceVector;

        public Range()
        {
        }

        public Range(int index)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            Min = index;
            Max = index;
        }

        public Range(int min, int? max)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(min);
            if (max < min)
                throw new ArgumentOutOfRangeException(nameof(max), "If non-null, must be greater than or equal to min");
            Min = min;
            Max = max;
            AutoEnd = max == null;
        }
    }

    /// <summary>A column of the view and the fields that it is read from.</summary>
    public sealed class Column
    {
        public string Name;

        /// <summary>The ranges of fields; a vector if they are more than one field.</summary>
        public Range[] Source;

        /// <summary>For a key column: the number of keys; the text has numbers from 0.</summary>
        public KeyCount KeyCount;

        public Column()
        {
        }

        public Column(string name, DataKind dataKind, int index) : this(name, dataKind, [new Range(index)])
        {
        }

        public Column(string name, DataKind dataKind, int minIndex, int maxIndex) : this(name, dataKind, [new Range(minIndex, maxIndex)])
        {
        }

        public Column(string name, DataKind dataKind, Range[] source, KeyCount keyCount = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            ArgumentNullException.ThrowIfNull(source);
            Name = name;
            DataKind = dataKind;
            Source = source;
            KeyCount = keyCount;
        }

        public DataKind DataKind { get; set; } = DataKind.Single;
    }

    /// <summary>How the lines of a text file are read.</summary>
    public class Options
    {
        /// <summary>Whether a field may stand in quotes and then hold separators.</summary>
        public bool AllowQuoting;

        /// <summary>Whether fields may read "index:value", after a field with the number of the sparse fields.</summary>
        public bool AllowSparse;

        /// <summary>The number of fields, if a column has <see cref="Range.AutoEnd"/> and there is no data to look at.</summary>
        public int? InputSize;

        /// <summary>What stands between fields: tabs by default. Blanks before a field are skipped.</summary>
        public char[] Separators = ['\t'];

        /// <summary>The columns; none stands for Label (field 0) and Features (all others).</summary>
        public Column[] Columns;

        /// <summary>Whether blanks after a field are dropped.</summary>
        public bool TrimWhitespace;

        /// <summary>Whether the first line of every file is a header; its fields become slot names.</summary>
        public bool HasHeader;

        /// <summary>Has no effect here: lines are read by one thread.</summary>
        public bool UseThreads = true;

        /// <summary>A file whose first line is the header instead.</summary>
        public string HeaderFile;

        public long? MaxRows;

        /// <summary>Whether a field in quotes may go over line ends.</summary>
        public bool ReadMultilines;

        /// <summary>Whether an empty field is NaN, rather than 0, in columns of reals.</summary>
        public bool MissingRealsAsNaNs;

        /// <summary>What stands before a quote within quotes.</summary>
        public char EscapeChar = '"';

        /// <summary>"." or ",".</summary>
        public char DecimalMarker = '.';

        public Options()
        {
        }
    }
}
