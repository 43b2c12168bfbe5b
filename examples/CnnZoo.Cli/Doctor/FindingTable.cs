using System.Globalization;
using System.Text;

namespace CnnZoo.Cli.Doctor;

/// <summary>Findings for people, and as a table for programs.</summary>
internal static class FindingTable
{
    private const int Shown = 5;

    /// <summary>Writes to standard output how many findings there are of each kind, and the first of them.</summary>
    public static void Write(IReadOnlyList<CheckedImage> images, IReadOnlyList<Finding> findings, string? file)
    {
        int test = images.Count(i => i.IsTest);
        Console.WriteLine($"{images.Count - test:N0} images{(test > 0 ? $" and {test:N0} test images" : "")} of "
            + $"{images.Select(i => i.Class).Distinct().Count():N0} classes; {findings.Count:N0} findings");
        foreach (IGrouping<FindingKind, Finding> kind in findings.GroupBy(f => f.Kind))
        {
            Console.WriteLine($"\n{Title(kind.Key)}: {kind.Count():N0}");
            foreach (Finding finding in kind.Take(Shown))
                Console.WriteLine($"  {finding.Path}: {finding.Detail}");
            string rest = file is null ? " (--out FILE.csv lists all)" : $" in {file}";
            if (kind.Count() > Shown)
                Console.WriteLine($"  … and {kind.Count() - Shown:N0} more{rest}");
        }
    }

    /// <summary>Comma-separated values with a line of names.</summary>
    public static string ToCsv(IReadOnlyList<Finding> findings)
    {
        var text = new StringBuilder("kind,path,class,other,other_class,score,detail\n");
        foreach (Finding f in findings)
            text.Append(CultureInfo.InvariantCulture, $"{f.Kind},{Csv.Quote(f.Path)},{Csv.Quote(f.Class)},{Csv.Quote(f.Other ?? "")},")
                .Append(CultureInfo.InvariantCulture, $"{Csv.Quote(f.OtherClass ?? "")},{f.Score:F4},{Csv.Quote(f.Detail)}\n");
        return text.ToString();
    }

    private static string Title(FindingKind kind) => kind switch
    {
        FindingKind.Unreadable => "Cannot be read",
        FindingKind.LeftOut => "Left out of training",
        FindingKind.Leak => "Test images that are training images",
        FindingKind.Conflict => "The same picture in two classes",
        FindingKind.Duplicate => "The same picture twice",
        FindingKind.Mislabeled => "Likely a wrong label",
        FindingKind.Constant => "One color all over",
        FindingKind.Tiny => "Very small",
        FindingKind.OddSize => "Odd size or shape",
        FindingKind.OddColors => "Odd colors",
        _ => "Classes with few images",
    };
}
