using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>
/// docs/options.md is made of the options' own documentation. CNNZOO_WRITE_DOCS=1 writes it anew.
/// </summary>
public partial class OptionsReferenceTests
{
    [Fact]
    public void Reference_Page_IsWhatTheOptionsSay()
    {
        string page = Path.Combine(DocumentExamples.Root, "docs", "options.md"), expected = Write();
        if (Environment.GetEnvironmentVariable("CNNZOO_WRITE_DOCS") == "1")
            File.WriteAllText(page, expected);
        Assert.Equal(expected, File.ReadAllText(page).ReplaceLineEndings("\n"));
    }

    private static string Write()
    {
        Type type = typeof(CnnClassificationTrainer.Options);
        var members = XDocument.Load(Path.ChangeExtension(type.Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value);
        var page = new StringBuilder("# Options of the trainer\n\nFields of `CnnClassificationTrainer.Options`, in the order "
            + "in which they are declared. Made of their documentation by a test; do not edit.\n\n"
            + "| option | type | what it is |\n| --- | --- | --- |\n");
        foreach (FieldInfo field in type.GetFields().OrderBy(f => f.MetadataToken))
        {
            XElement member = members[$"F:{type.FullName!.Replace('+', '.')}.{field.Name}"];
            string text = string.Join(' ', member.Elements().Where(e => e.Name == "summary" || e.Name == "remarks")
                .Select(Text));
            page.Append($"| `{field.Name}` | {TypeName(field)} | {Spaces().Replace(text, " ").Trim().Replace("|", "\\|")} |\n");
        }
        return page.ToString();
    }

    private static string TypeName(FieldInfo field)
    {
        Type type = Nullable.GetUnderlyingType(field.FieldType) ?? field.FieldType;
        return $"`{(type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ",
            type.GetGenericArguments().Select(a => a.Name))}>" : type.Name)}`";
    }

    private static string Text(XElement element) => string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see when see.Attribute("cref") is { } target =>
            $"`{target.Value[2..].Split('(')[0].Split('.')[^1]}`",
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "list" } list => string.Join("; ",
            list.Elements("item").Select((item, i) => $"({i + 1}) {Text(item).Trim().TrimEnd('.')}")) + ".",
        XElement inner => Text(inner),
        _ => "",
    }));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
