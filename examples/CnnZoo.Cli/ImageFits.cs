using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The switch <c>--fit</c>.</summary>
internal static class ImageFits
{
    private static readonly Dictionary<string, ImageFit> Known = new(StringComparer.Ordinal)
    {
        ["crop"] = ImageFit.CenterCrop, ["stretch"] = ImageFit.Stretch, ["letterbox"] = ImageFit.Letterbox,
    };

    /// <summary>The names.</summary>
    public static string[] Names => [.. Known.Keys];

    /// <summary>The switch.</summary>
    public static Option<string?> Option() => CommandOptions.Name("--fit",
        "What becomes of images that are not square: their center, all distorted, or all with a margin [default: crop]", Names);

    /// <summary>The fit of a name; null for the default.</summary>
    public static ImageFit Find(string? name) => name is null ? ImageFit.CenterCrop : Known[name];
}
