using System.Globalization;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Prints a confusion matrix in ML.NET's layout: actual classes down, predicted classes across.</summary>
/// <remarks>When a class name does not fit a column, indices head the columns and the rows read "index. name".</remarks>
internal sealed class ConfusionTableFormatter
{
    private const string Predicted = "PREDICTED", Truth = "TRUTH", Precision = "Precision", Title = "Confusion table";
    private const int TwoClassColumnWidth = 8, ColumnWidth = 5;

    private readonly ConfusionMatrix _matrix;
    private readonly string[] _names;
    private readonly int _columnWidth, _labelWidth, _indexWidth;
    private readonly bool _numbered;

    public ConfusionTableFormatter(ConfusionMatrix matrix, IReadOnlyList<string> classNames)
    {
        _matrix = matrix;
        _names = [.. classNames];
        int longest = _names.Length == 0 ? 0 : _names.Max(name => name.Length);
        _columnWidth = _names.Length == 2 ? TwoClassColumnWidth : ColumnWidth;
        _numbered = longest > _columnWidth;
        _indexWidth = Text(Math.Max(_names.Length - 1, 0)).Length;
        _labelWidth = Math.Max(Predicted.Length, _numbered ? longest + _indexWidth + 2 : longest);
    }

    public string Format()
    {
        var table = new StringBuilder();
        string rule = new('=', _names.Length * (_columnWidth + 3));
        table.AppendLine();
        table.AppendLine(Title);
        Start(table, "").AppendLine(rule);
        Cells(Start(table, Predicted), Header).AppendLine(" Recall");
        Start(table, Truth).AppendLine(rule);
        for (int actual = 0; actual < _names.Length; actual++)
        {
            int row = actual;
            table.Append(RowLabel(row)).Append(" ||");
            Cells(table, column => _matrix.Counts[row][column].ToString("N0", CultureInfo.InvariantCulture));
            table.Append(' ').AppendLine(Share(_matrix.PerClassRecall[row]));
        }
        Start(table, "").AppendLine(rule);
        Cells(Start(table, Precision), column => Share(_matrix.PerClassPrecision[column])).AppendLine();
        return table.ToString();
    }

    private StringBuilder Start(StringBuilder table, string label) => table.Append(label.PadRight(_labelWidth)).Append(" ||");

    // A share is one character wider than a count and takes the blank before it.
    private StringBuilder Cells(StringBuilder table, Func<int, string> cell)
    {
        for (int column = 0; column < _names.Length; column++)
            table.Append(cell(column).PadLeft(_columnWidth + 1)).Append(" |");
        return table;
    }

    private string Header(int column) => _numbered ? Text(column) : _names[column];

    private string RowLabel(int row) => _numbered
        ? Text(row).PadLeft(_indexWidth) + ". " + _names[row].PadLeft(_labelWidth - _indexWidth - 2)
        : _names[row].PadLeft(_labelWidth);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Share(double share) => share.ToString("F4", CultureInfo.InvariantCulture);
}
