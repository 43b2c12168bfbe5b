using System.Globalization;

namespace Degradation;

/// <summary>What the command line says.</summary>
internal sealed record Settings
{
    /// <summary>The paper's depths on all images.</summary>
    public bool Full { get; private init; }

    /// <summary>Folder of CIFAR-10's binary version, or null for digits.</summary>
    public string? CifarFolder { get; private init; }

    /// <summary>Depths 6n+2, in rising order.</summary>
    public IReadOnlyList<int> Depths { get; private init; } = [8, 20, 44];

    /// <summary>Passes over the images.</summary>
    public int Epochs { get; private init; } = 8;

    /// <summary>Where the plot goes.</summary>
    public string Output { get; private init; } = "degradation.svg";

    /// <summary>Reads the arguments; null when they make no sense.</summary>
    public static Settings? Parse(string[] args)
    {
        bool full = args.Contains("--full") || args.Contains("--cifar");
        Settings settings = full ? new Settings { Full = true, Depths = [20, 32, 44, 56], Epochs = 40 }
            : new Settings();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--full")
                continue;
            if (i + 1 == args.Length || With(settings, args[i], args[++i]) is not Settings next)
                return null;
            settings = next;
        }
        return settings;
    }

    private static Settings? With(Settings settings, string option, string value)
    {
        switch (option)
        {
            case "--cifar": return settings with { CifarFolder = value };
            case "--out": return settings with { Output = value };
            case "--epochs" when int.TryParse(value, CultureInfo.InvariantCulture, out int epochs)
                && epochs > 0: return settings with { Epochs = epochs };
            case "--depths":
                int[] depths = [
                    .. value.Split(',')
                    .Select(d => int.TryParse(d, CultureInfo.InvariantCulture, out int depth) ? depth : 0).Order()];
                return depths.All(d => d >= 8 && (d - 2) % 6 == 0) ? settings with { Depths = depths } : null;
            default: return null;
        }
    }
}
