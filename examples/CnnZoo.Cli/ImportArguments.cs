using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>Options for what a file of another framework may leave unsaid.</summary>
internal sealed class ImportArguments
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
    };

    private readonly Option<ImageShape?> _size = new("--size")
    {
        Description = "Size of its images, where its file leaves it open: HEIGHTxWIDTH",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            string[] sides = text.Split('x');
            if (sides.Length is 1 or 2 && sides.All(s => int.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture,
                out int side) && side is >= 1 and <= 16384))
                return new ImageShape(int.Parse(sides[0], CultureInfo.InvariantCulture),
                    int.Parse(sides[^1], CultureInfo.InvariantCulture), 3);
            result.AddError($"--size needs HEIGHTxWIDTH in pixels, such as 224x224, not '{text}'.");
            return null;
        },
    };

    private readonly Option<FileInfo?> _labels = new("--labels")
    {
        Description = "Text file of its class names, one a line, in the order of its outputs",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_preprocessing, _order, _size, _labels])
            command.Add(option);
    }

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
            Image = parsed.GetValue(_size),
            Labels = parsed.GetValue(_labels) is { } file ? ReadLabels(file) : null,
        };
    }

    private static string[] ReadLabels(FileInfo file) => file.Exists
        ? [.. File.ReadLines(file.FullName).Where(line => line.Length > 0)]
        : throw new CommandException($"The file '{file}' of class names does not exist.");
}
