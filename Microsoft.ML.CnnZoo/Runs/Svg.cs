using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>Elements of drawings, readable on light and dark backgrounds.</summary>
internal sealed class Svg
{
    private const string Style = """
        :root { color-scheme: light dark; }
        text { font: 12px system-ui, sans-serif; fill: #333; }
        .title { font-weight: 600; font-size: 14px; }
        .paper { fill: #fff; }
        .grid { stroke: #ddd; }
        .line0 { stroke: #1f6fb4; } .line1 { stroke: #d9660a; }
        .curve { fill: none; stroke-width: 1.8; }
        .cell { fill: #1f6fb4; } .onDark { fill: #fff; }
        @media (prefers-color-scheme: dark) {
          text { fill: #ddd; } .paper { fill: #1b1b1d; } .grid { stroke: #3a3a3d; }
          .line0 { stroke: #6cb4f5; } .line1 { stroke: #ffa45c; } .cell { fill: #6cb4f5; } .onDark { fill: #111; }
        }
        """;
    private static readonly XNamespace Namespace = "http://www.w3.org/2000/svg";
    private readonly XElement _root;

    /// <summary>Begins a drawing.</summary>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    /// <param name="label">
    /// Null for a file of its own; else what it shows, for whoever cannot see it: then it is part of a page, whose style it
    /// has.
    /// </param>
    public Svg(double width, double height, string? label = null)
    {
        _root = Element("svg", ("viewBox", $"0 0 {Number(width)} {Number(height)}"), ("width", width), ("height", height));
        if (label is not null)
        {
            _root.Add(new XAttribute("role", "img"), new XAttribute("aria-label", Printable(label)));
            return;
        }
        _root.Add(new XElement(Namespace + "style", Style));
        Rectangle(0, 0, width, height, "paper");
    }

    /// <summary>Text; its y is the baseline.</summary>
    public void Text(double x, double y, string text, string anchor = "start", string kind = "", double turn = 0)
    {
        XElement element = Add("text", ("x", x), ("y", y), ("text-anchor", anchor), ("class", kind),
            ("transform", turn == 0 ? "" : FormattableString.Invariant($"rotate({turn} {Number(x)} {Number(y)})")));
        element.Value = Printable(text);
    }

    /// <summary>A line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string kind) =>
        Add("line", ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2), ("class", kind));

    /// <summary>A curve through points; a dot where there is one.</summary>
    public void Curve(IReadOnlyList<(double X, double Y)> points, string kind)
    {
        if (points.Count == 1)
            Add("circle", ("cx", points[0].X), ("cy", points[0].Y), ("r", 2.5), ("class", $"curve {kind}"));
        else if (points.Count > 1)
            Add("polyline", ("points", string.Join(' ', points.Select(p => $"{Number(p.X)},{Number(p.Y)}"))),
                ("class", $"curve {kind}"));
    }

    /// <summary>A rectangle, with a text that appears under the pointer.</summary>
    public void Rectangle(double x, double y, double width, double height, string kind, double opacity = 1,
        string hint = "")
    {
        XElement element = Add("rect", ("x", x), ("y", y), ("width", width), ("height", height), ("class", kind),
            ("fill-opacity", opacity));
        if (hint.Length > 0)
            element.Add(new XElement(Namespace + "title", Printable(hint)));
    }

    /// <summary>The drawing as text, for a page.</summary>
    public override string ToString() => _root.ToString(SaveOptions.DisableFormatting);

    /// <summary>Writes the file, completely or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path) => CompleteFile.Write(path, stream =>
        stream.Write(Encoding.UTF8.GetBytes($"{this}\n")));

    private static string Printable(string text) =>
        new([.. text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\uFFFD')]);

    private XElement Add(string name, params (string Name, object Value)[] attributes)
    {
        XElement element = Element(name, attributes);
        _root.Add(element);
        return element;
    }

    private static XElement Element(string name, params (string Name, object Value)[] attributes) => new(Namespace + name,
        attributes.Where(a => a.Value is not "").Select(a => new XAttribute(a.Name, a.Value is string s ? s
            : Number(Convert.ToDouble(a.Value, CultureInfo.InvariantCulture)))));

    private static string Number(double value) => Math.Round(value, 3).ToString(CultureInfo.InvariantCulture);
}
