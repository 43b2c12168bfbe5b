namespace CnnZoo.Cli;

/// <summary>One image and the folder that it lay in.</summary>
internal sealed class LabeledImage
{
    /// <summary>Full path of the file.</summary>
    public string Path { get; set; } = "";

    /// <summary>Name of the class; empty where it is not known.</summary>
    public string Label { get; set; } = "";
}

/// <summary>The images of a folder that holds one folder per class.</summary>
internal sealed class ImageFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif"];

    private ImageFolder(IReadOnlyList<LabeledImage> images, IReadOnlyList<string> classes)
    {
        Images = images;
        Classes = classes;
    }

    /// <summary>All images, class by class, in the order of their names.</summary>
    public IReadOnlyList<LabeledImage> Images { get; }

    /// <summary>Names of the classes that have images, in order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Lists a folder. Class folders without images are reported on standard error and left out, hidden ones are left out.</summary>
    public static ImageFolder Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new CommandException($"The folder '{folder}' does not exist.");
        var images = new List<LabeledImage>();
        var classes = new List<string>();
        foreach (string classFolder in Directory.GetDirectories(folder).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(classFolder);
            if (name.StartsWith('.'))
                continue;
            List<LabeledImage> found = ImagesOf(classFolder, name);
            if (found.Count == 0)
            {
                Console.Error.WriteLine($"cnnzoo: the folder '{classFolder}' holds no images and is left out.");
                continue;
            }
            images.AddRange(found);
            classes.Add(name);
        }
        if (classes.Count == 0)
            throw new CommandException($"The folder '{folder}' holds no images: one folder per class is expected, with files of type {string.Join(", ", Extensions)}.");
        return new ImageFolder(images, classes);
    }

    private static List<LabeledImage> ImagesOf(string folder, string label) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .Select(file => new LabeledImage { Path = Path.GetFullPath(file), Label = label })];
}
