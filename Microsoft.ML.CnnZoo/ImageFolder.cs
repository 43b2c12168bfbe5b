using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>The labeled images of a folder that holds one folder per class, as rows for a pipeline.</summary>
/// <remarks>
/// Columns: <c>ImagePath</c> (text) and <c>Label</c> (text: the name of the class folder). Rows come class by class, in
/// ordinal order of the names, so that the same folder gives the same rows everywhere. Class folders are searched to
/// any depth. Files are listed by extension (.png .jpg .jpeg .jpe .jfif .webp .bmp .gif .ico .wbmp) and not opened;
/// TIFF, HEIC and AVIF files can't be decoded and are left out, as are hidden files and folders and whatever is no
/// image: see <see cref="LeftOut"/>.
/// </remarks>
/// <example><code>
/// var mlContext = new MLContext(seed: 1);
/// ImageFolder train = ImageFolder.Load("flowers/train", mlContext);      // flowers/train/rose/1.jpg and so on
/// var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
///     .Append(mlContext.Transforms.LoadRawImageBytes("Features", imageFolder: null, inputColumnName: "ImagePath"))
///     .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(CnnArchitectures.ResNet18))
///     .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
/// ITransformer model = pipeline.Fit(train);
/// </code></example>
public sealed class ImageFolder : IDataView
{
    private const string ImageOutsideClass = "image outside of the class folders",
        EmptyClass = "class folder without images";

    private static readonly string[] TrainNames = ["train", "training"];
    private static readonly string[] ValidationNames = ["val", "valid", "validation"];
    private static readonly string[] TestNames = ["test", "testing"];
    private readonly IDataView _rows;

    private ImageFolder(string folder, MLContext mlContext, List<LabeledImage> images, List<LeftOutFile> leftOut)
    {
        _rows = mlContext.Data.LoadFromEnumerable(images);
        Folder = folder;
        Images = images;
        LeftOut = leftOut;
        Classes = [.. images.Select(i => i.Label).Distinct()];
    }

    /// <summary>The folder, as it was given.</summary>
    public string Folder { get; }

    /// <summary>The rows: paths begin as <see cref="Folder"/> does.</summary>
    public IReadOnlyList<LabeledImage> Images { get; }

    /// <summary>Names of the classes, in ordinal order; those without images are left out.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Files and folders that were left out, with the reason.</summary>
    public IReadOnlyList<LeftOutFile> LeftOut { get; }

    /// <inheritdoc/>
    public DataViewSchema Schema => _rows.Schema;

    /// <inheritdoc/>
    public bool CanShuffle => _rows.CanShuffle;

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="folder">A folder that holds one folder of images per class.</param>
    /// <param name="mlContext">Where the number of images and what was left out are logged; default null:
    /// nowhere.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">
    /// It holds no images in class folders, or its folders are <c>train</c>, <c>test</c> and the like: see <see
    /// cref="LoadSplits"/>.
    /// </exception>
    public static ImageFolder Load(string folder, MLContext? mlContext = null)
    {
        CheckFolder(folder);
        string[] splits = SplitFolders(folder);
        if (splits.Length > 0)
            throw new InvalidDataException(
                $"The folder '{folder}' holds {string.Join(", ", splits)}: the splits of a data set, not classes. "
                + $"Load all of them by ImageFolder.LoadSplits(\"{folder}\"), "
                + $"or one by ImageFolder.Load(\"{Path.Combine(folder, splits[0])}\").");
        mlContext ??= new MLContext();
        var leftOut = new List<LeftOutFile>();
        var result = new ImageFolder(folder, mlContext, List(folder, leftOut), leftOut);
        if (result.Images.Count == 0)
            throw new InvalidDataException(result.DescribeEmptiness());
        using IChannel channel = ((IChannelProvider)mlContext).Start(nameof(ImageFolder));
        channel.Info(
            MessageSensitivity.None,
            $"'{folder}': {result.Images.Count:N0} images of {result.Classes.Count:N0} classes.");
        foreach (string warning in result.Warnings())
            channel.Warning(MessageSensitivity.None, warning);
        return result;
    }

    /// <summary>
    /// Lists the images of a data set that is split into <c>train</c>, and <c>val</c> or <c>test</c> or both.
    /// </summary>
    /// <param name="folder">
    /// A folder that holds a folder named train or training and, optionally, others named val, valid or validation, and
    /// test or testing, whatever the case; in each one folder of images per class.
    /// </param>
    /// <param name="mlContext">Where the numbers of images and what was left out are logged; default null:
    /// nowhere.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or it holds no folder named train or
    /// training.</exception>
    /// <exception cref="InvalidDataException">Two folders name the same split, or one of them holds no images in class
    /// folders.</exception>
    public static ImageFolderSplits LoadSplits(string folder, MLContext? mlContext = null)
    {
        CheckFolder(folder);
        mlContext ??= new MLContext();
        string train = Find(folder, TrainNames)
            ?? throw new DirectoryNotFoundException(
                $"The folder '{folder}' holds no folder named {string.Join(" or ", TrainNames)}.");
        return new ImageFolderSplits(Load(train, mlContext), LoadIfAny(ValidationNames), LoadIfAny(TestNames));

        ImageFolder? LoadIfAny(string[] names) => Find(folder, names) is { } found ? Load(found, mlContext) : null;
    }

    /// <inheritdoc/>
    public long? GetRowCount() => Images.Count;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        _rows.GetRowCursor(columnsNeeded, rand);

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(
        IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        _rows.GetRowCursorSet(columnsNeeded, n, rand);

    /// <summary>
    /// The names of the splits that a folder holds; none if its folders are classes. A class may well be called train:
    /// it is a split only beside a folder to validate or test with, or alone.
    /// </summary>
    internal static string[] SplitFolders(string folder)
    {
        string[] names = [.. Folders(folder).Select(f => Path.GetFileName(f))];
        string[] splits =
            [.. names.Where(n => IsOneOf(n, TrainNames) || IsOneOf(n, ValidationNames) || IsOneOf(n, TestNames))];
        bool trainAndMore = splits.Any(n => IsOneOf(n, TrainNames)) && splits.Any(n => !IsOneOf(n, TrainNames));
        return trainAndMore || splits.Length == names.Length ? splits : [];
    }

    /// <summary>What can go wrong with the folder though it can be trained on.</summary>
    internal IEnumerable<string> Warnings()
    {
        if (LeftOut.Count > 0)
            yield return $"'{Folder}': {Describe(LeftOut)}.";
        string[] single = [.. Images.CountBy(i => i.Label).Where(c => c.Value == 1).Select(c => c.Key)];
        if (single.Length > 0)
            yield return $"'{Folder}': only one image of {string.Join(", ", single.Select(c => $"'{c}'"))}: "
                + "too few to learn the class, and none left to validate with.";
    }

    /// <summary>How many files were left out for which reason, with the first ones' names.</summary>
    internal static string Describe(IReadOnlyList<LeftOutFile> leftOut)
    {
        const int Named = 3;
        IEnumerable<string> reasons = leftOut.GroupBy(f => f.Reason).Select(reason =>
        {
            string more = reason.Count() > Named ? ", …" : "";
            string names = string.Join(", ", reason.Take(Named).Select(f => f.Path));
            return $"{reason.Count():N0} ({reason.Key}): {names}{more}";
        });
        return $"left out {string.Join("; ", reasons)}";
    }

    private static List<LabeledImage> List(string folder, List<LeftOutFile> leftOut)
    {
        var images = new List<LabeledImage>();
        var search = new ImageFileSearch(leftOut);
        string root = ImageFileSearch.RealPath(folder);
        foreach (FileSystemInfo entry in search.Entries(folder))
        {
            string path = Path.Combine(folder, entry.Name);
            if (!Directory.Exists(path))
            {
                leftOut.Add(new LeftOutFile(path, ImageFileSearch.Objection(path) ?? ImageOutsideClass));
                continue;
            }
            if (entry.LinkTarget is not null && ImageFileSearch.IsWithin(root, ImageFileSearch.RealPath(path)))
            {
                leftOut.Add(new LeftOutFile(path, ImageFileSearch.Repeated));
                continue;
            }
            int before = images.Count;
            images.AddRange(
                search.Search(path).Select(file => new LabeledImage { ImagePath = file, Label = entry.Name }));
            if (images.Count == before)
                leftOut.Add(new LeftOutFile(path, EmptyClass));
        }
        return images;
    }

    private string DescribeEmptiness()
    {
        int loose = LeftOut.Count(f => f.Reason == ImageOutsideClass);
        string what = loose > 0 ? $"{loose:N0} images, but not in class folders" : "no images";
        string more = LeftOut.Count > loose ? $" Nothing was found: {Describe(LeftOut)}." : "";
        string example = Path.Combine(Folder, "rose", "1.jpg");
        return $"The folder '{Folder}' holds {what}: expected one folder per class, for example {example}, "
            + $"with files of type {ImageFileSearch.Extensions}.{more}";
    }

    private static void CheckFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        if (File.Exists(folder))
            throw new DirectoryNotFoundException(
                $"'{folder}' is a file: expected a folder that holds one folder of images per class.");
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The folder '{folder}' does not exist"
                + (Path.IsPathRooted(folder) ? "." : $" (looked for '{Path.GetFullPath(folder)}')."));
    }

    private static IEnumerable<string> Folders(string folder) =>
        new ImageFileSearch([]).Entries(folder).Select(e => Path.Combine(folder, e.Name)).Where(Directory.Exists);

    private static bool IsOneOf(string name, string[] names) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static string? Find(string folder, string[] names)
    {
        string[] found = [.. Folders(folder).Where(f => IsOneOf(Path.GetFileName(f), names))];
        return found.Length < 2 ? found.FirstOrDefault()
            : throw new InvalidDataException(
                $"The folder '{folder}' holds {string.Join(" and ", found.Select(Path.GetFileName))}: "
                + "which of them is meant?");
    }
}
