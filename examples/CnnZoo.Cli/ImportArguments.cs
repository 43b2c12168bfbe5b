using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>Options for what a file of another framework may leave unsaid.</summary>
/// <param name="sizeDescription">What --size is for.</param>
internal sealed class ImportArguments(
    string sizeDescription = "Size of its images, where its file leaves it open: HEIGHTxWIDTH")
{

    private enum Preset
    {
        /// <summary>What the file states.</summary>
        File,
        Torchvision,
        KerasCaffe,
        KerasTensorFlow,
        ZeroToOne,
        Raw,
    }

    private readonly Option<Preset> _preprocessing = CommandOptions.Choice<Preset>(
        "--preprocessing", "What a network from another framework expects of pixels, unless its file states it");

    private readonly Option<ChannelOrder?> _order = new("--channel-order")
    {
        Description = "Order of colors that such a network takes: rgb or bgr; the preset's without",
        HelpName = "rgb|bgr",
    };

    private readonly Option<ImageShape?> _size = new("--size")
    {
        Description = sizeDescription,
        HelpName = "HEIGHTxWIDTH",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            int[] sides = [.. text.Split('x').Select(s => int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture,
                out int side) && side <= 16384 ? side : 0)];
            if (text == "auto")
                return default(ImageShape);
            if (sides.Length is >= 1 and <= 3 && !sides.Contains(0) && (sides.Length < 3 || sides[2] is 1 or 3))
                return new ImageShape(sides[0], sides[Math.Min(1, sides.Length - 1)], sides.Length == 3 ? sides[2] : 0);
            result.AddError("--size needs HEIGHTxWIDTH in pixels, such as 224x224, or with 1 or 3 channels, such as 28x28x1, "
                + $"not '{text}'.");
            return null;
        },
    };

    private readonly Option<FileInfo?> _labels = new("--labels")
    {
        Description = "Text file of its class names, one a line, in the order of its outputs",
        HelpName = "FILE",
    };

    /// <summary>The options.</summary>
    public IReadOnlyList<Option> Options => [_size, _preprocessing, _order, _labels];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in Options)
            command.Add(option);
    }

    /// <summary>The size that was given; 0 channels where these were left open.</summary>
    public ImageShape? Size(ParseResult parsed) =>
        parsed.GetValue(_size) is { Height: > 0 } size ? size : null;

    /// <summary>What was given.</summary>
    public CnnImportOptions Read(ParseResult parsed)
    {
        ImagePreprocessing? preset = parsed.GetValue(_preprocessing) switch
        {
            Preset.Torchvision => ImagePreprocessing.Torchvision,
            Preset.KerasCaffe => ImagePreprocessing.KerasCaffe,
            Preset.KerasTensorFlow => ImagePreprocessing.KerasTensorFlow,
            Preset.ZeroToOne => ImagePreprocessing.ZeroToOne,
            Preset.Raw => ImagePreprocessing.Raw,
            _ => null,
        };
        if (parsed.GetValue(_order) is { } order)
            preset = (preset ?? throw new CommandException("--channel-order needs --preprocessing, too.", ExitCode.WrongUsage))
                with { Order = order };
        return new CnnImportOptions
        {
            Preprocessing = preset,
            Image = Size(parsed) is { Channels: 0 } open ? open with { Channels = 3 } : Size(parsed),
            Labels = parsed.GetValue(_labels) is { } file ? ReadLabels(file) : null,
        };
    }

    private static string[] ReadLabels(FileInfo file) => file.Exists
        ? [.. File.ReadLines(file.FullName).Where(line => line.Length > 0)]
        : throw new CommandException($"The file '{file}' of class names does not exist.");
}
