using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>
/// <c>mnist</c>: a network on all of MNIST through the ML.NET trainer, with the test accuracy after every epoch.
/// </summary>
internal static class MnistCommand
{
    private const int Digits = 10;

    private sealed class DigitRow
    {
        public float[] Features { get; set; } = [];

        public uint Label { get; set; }
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Description = "Folder with MNIST's four files, compressed or not", Required = true,
        };
        var architecture = new Option<string>("--arch")
        {
            Description = "Architecture", DefaultValueFactory = _ => "lenet5_relu",
        };
        var epochs = new Option<int>("--epochs")
        {
            Description = "Passes over the images; 0 for enough", DefaultValueFactory = _ => 0,
        };
        var batch = new Option<int>("--batch") 
        {
            Description = "Images per step; 0 for what suits the set", DefaultValueFactory = _ => 0,
        };
        var rate = new Option<float>("--lr")
        {
            Description = "Learning rate; 0 for one that suits the network", DefaultValueFactory = _ => 0f,
        };
        var seed = new Option<int>("--seed") { Description = "Seed", DefaultValueFactory = _ => 1 };
        var precision = new Option<CnnPrecision>("--precision")
        {
            Description = "Numbers to compute with", DefaultValueFactory = _ => CnnPrecision.Float32,
        };
        var images = new Option<int>("--images")
        {
            Description = "Images to train on, the first of the set; 0 for all", DefaultValueFactory = _ => 0,
        };
        var command = new Command("mnist", "Trains on all of MNIST and prints the test accuracy of each epoch.")
        {
            data, architecture, epochs, batch, rate, seed, precision, images,
        };
        command.SetAction(
            parsed => Run(parsed.GetRequiredValue(data), parsed.GetValue(images), new CnnClassificationTrainer.Options
        {
            Architecture = CnnArchitectures.Find(parsed.GetRequiredValue(architecture)),
            Epochs = parsed.GetValue(epochs) is > 0 and int passes ? passes : null,
            BatchSize = parsed.GetValue(batch) is > 0 and int size ? size : null,
            LearningRate = parsed.GetValue(rate) is > 0 and float given ? given : null,
            Seed = parsed.GetValue(seed),
            Precision = parsed.GetValue(precision),
        }));
        return command;
    }

    /// <summary>
    /// The test images are watched, not used: the figure is the last epoch's, not that of the epoch which the test
    /// images like best.
    /// </summary>
    private static void Run(string folder, int images, CnnClassificationTrainer.Options options)
    {
        var mlContext = new MLContext(options.Seed);
        ImageShape image = options.Architecture!.DefaultInput;
        IDataView train = Load(mlContext, folder, "train", image, images),
            test = Load(mlContext, folder, "t10k", image, 0);
        EpochProgress? last = null;
        options.ProgressCallback = epoch =>
        {
            last = epoch;
            Console.WriteLine(
                $"epoch {epoch.Epoch,2}/{epoch.Epochs}  loss {epoch.Loss:F4}  training accuracy {epoch.Accuracy:F4}  "
                + $"test accuracy {epoch.ValidationAccuracy:F4}  {epoch.ImagesPerSecond:N0} images/s");
        };
        var watch = Stopwatch.StartNew();
        mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(train, test).Dispose();
        Console.WriteLine(
            $"{options.Architecture.Name}: test accuracy {last?.ValidationAccuracy:F4} after {last?.Epoch} epochs, "
            + $"{watch.Elapsed.TotalSeconds:F0} s");
    }

    /// <summary>Gray values in the middle of the network's image, blank around them.</summary>
    private static IDataView Load(MLContext mlContext, string folder, string set, ImageShape image, int limit)
    {
        IdxFile images = IdxFile.Read(Path.Combine(folder, $"{set}-images-idx3-ubyte")),
        labels = IdxFile.Read(Path.Combine(folder, $"{set}-labels-idx1-ubyte"));
        int rows = images.Sizes[1], columns = images.Sizes[2], top = (image.Height - rows) / 2,
            left = (image.Width - columns) / 2;
        IEnumerable<DigitRow> Rows()
        {
            int count = limit > 0 ? Math.Min(limit, labels.Values.Length) : labels.Values.Length;
            for (int i = 0; i < count; i++)
            {
                float[] pixels = new float[image.Height * image.Width];
                for (int y = 0; y < rows; y++)
                    for (int x = 0; x < columns; x++)
                        pixels[(y + top) * image.Width + x + left] = images.Values[(i * rows + y) * columns + x];
                yield return new DigitRow { Features = pixels, Label = labels.Values[i] };
            }
        }
        var schema = SchemaDefinition.Create(typeof(DigitRow));
        schema[nameof(DigitRow.Features)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Single, image.Height, image.Width, 1);
        schema[nameof(DigitRow.Label)].ColumnType = new KeyDataViewType(typeof(uint), Digits);
        return mlContext.Data.LoadFromEnumerable(Rows(), schema);
    }
}
