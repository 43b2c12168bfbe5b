using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace WebApi;

/// <summary>
/// Serves a model: <c>dotnet run --project examples/WebApi -- --model photos.zip</c>, then open http://localhost:5000. With
/// <c>--data FOLDER</c> the model is trained first, on one folder of images per class, unless the file is there already.
/// Settings of ASP.NET Core (<c>--urls</c>) and of <see cref="ServiceOptions"/> (<c>--Service:MaxUploadBytes</c>) follow.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var arguments = new ConfigurationBuilder().AddCommandLine(args).Build();
        string? model = arguments["model"], data = arguments["data"];
        if (model is null || (!File.Exists(model) && data is null))
        {
            Console.Error.WriteLine(model is null ? "--model FILE.zip is needed."
                : $"The model '{model}' does not exist: train one with 'cnnzoo train', or here with --data FOLDER.");
            return 2;
        }
        if (!File.Exists(model))
            Train(data!, model);
        var pipeline = new MLContext().Model.Load(model, out _);
        using var owner = pipeline as IDisposable;
        ClassifierService.Build(args, CnnClassificationTransformer.From(pipeline)).Run();
        return 0;
    }

    private static void Train(string data, string model)
    {
        var mlContext = new MLContext(seed: 1);
        IDataView images = ImageFolder.Load(data);
        var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.Transforms.LoadRawImageBytes("Image", imageFolder: null, inputColumnName: "ImagePath"))
            .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options
            {
                Architecture = CnnArchitectures.ResNet20Cifar,
                FeatureColumnName = "Image",
                NetworkInput = new ImageShape(64, 64, 3),
                ProgressCallback = ConsoleProgress.Write,
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var trained = (IDisposable)pipeline.Fit(images);
        mlContext.Model.Save((ITransformer)trained, images.Schema, model);
    }
}
