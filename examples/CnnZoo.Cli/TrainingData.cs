using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The images of a training.</summary>
/// <param name="Train">Images to train on.</param>
/// <param name="Validation">Images that choose the best epoch; null where they are held out.</param>
/// <param name="Bad">Those that cannot be used.</param>
internal sealed record TrainingData(IReadOnlyList<LabeledImage> Train, IReadOnlyList<LabeledImage>? Validation, BadImages Bad)
{
    /// <summary>The images that were asked for.</summary>
    /// <param name="request">The folders.</param>
    /// <param name="outputs">Files to write, which must be none of the images.</param>
    /// <exception cref="CommandException">A folder does not hold what is needed.</exception>
    public static TrainingData Load(TrainingRequest request, IEnumerable<OutputFile> outputs)
    {
        (ImageFolder images, ImageFolder? held) = DataFolder.LoadForTraining(request.Data);
        if (request.ValidationData is { } folder)
            held = DataFolder.Load(folder);
        if (images.Classes.Count < 2)
            throw new CommandException(
                $"The folder '{images.Folder}' holds one class only, '{images.Classes[0]}': "
                + "a classifier needs two or more.");
        foreach (OutputFile file in outputs)
            file.RefuseInputs(images.Images.Concat(held?.Images ?? []).Select(image => image.ImagePath));
        Console.WriteLine(
            $"{images.Images.Count:N0} images of {images.Classes.Count} classes; {request.Network.DisplayName}");
        var bad = new BadImages(request.BadImages);
        return new(DataFolder.Readable(images, bad), held is null ? null : DataFolder.Readable(held, bad), bad);
    }
}
