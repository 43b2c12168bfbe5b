using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>
/// <c>latency</c>: a saved model in a process of its own, as an application uses it: the time to load it, to the first
/// prediction, of later ones, and whether memory stays
/// flat over many.
/// </summary>
internal static class LatencyCommand
{
    private const int Classes = 10;

    private sealed class Row
    {
        public float[] Features { get; set; } = [];

        public uint Label { get; set; }
    }

    private sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var architecture = new Argument<string>("network")
        {
            Description = "Network", DefaultValueFactory = _ => "resnet50_torchvision",
        };
        var predictions = new Option<int>("--predictions")
        {
            Description = "Predictions after the first", DefaultValueFactory = _ => 100,
        };
        var model = new Option<FileInfo?>("--model")
        {
            Description = "The saved model; this process then loads and measures it", Hidden = true,
        };
        predictions.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError($"--predictions must be 1 or more, received {result.GetValueOrDefault<int>()}.");
        });
        var command =
            new Command("latency", "Loads a saved model in a fresh process and times its first and later predictions.")
        {
            architecture, predictions, model,
        };
        command.SetAction(parsed =>
        {
            CnnArchitecture network = CnnArchitectures.Find(parsed.GetRequiredValue(architecture));
            if (parsed.GetValue(model) is FileInfo file)
            {
                Measure(network, file.FullName, parsed.GetValue(predictions));
                return 0;
            }
            return SaveAndMeasure(network, parsed.GetValue(predictions));
        });
        return command;
    }

    /// <summary>The measuring process's exit code.</summary>
    private static int SaveAndMeasure(CnnArchitecture network, int predictions)
    {
        string folder = Directory.CreateTempSubdirectory("latency").FullName;
        try
        {
            string path = Path.Combine(folder, "model.zip");
            var mlContext = new MLContext(seed: 1);
            IDataView rows = Rows(mlContext, network.DefaultInput, 2 * Classes);
            using (CnnClassificationTransformer trained =
                mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options
            {
                Architecture = network, Epochs = 1, BatchSize = 2, LearningRate = 1e-6f, ValidationSetFraction = 0,
            }).Fit(rows))
                mlContext.Model.Save(trained, rows.Schema, path);
            string program = Environment.ProcessPath!;
            string[] before = Path.GetFileNameWithoutExtension(program) == "dotnet"
                ? [typeof(LatencyCommand).Assembly.Location] : [];
            using Process process = Process.Start(
                program, [.. before, "latency", network.Name, "--predictions", $"{predictions}", "--model", path]);
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(CnnArchitecture network, string path, int predictions)
    {
        long start = Stopwatch.GetTimestamp();
        var mlContext = new MLContext(seed: 1);
        ITransformer model = mlContext.Model.Load(path, out _);
        Console.WriteLine($"{network.DisplayName}: loaded in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms "
            + $"({new FileInfo(path).Length / 1e6:F1} MB)");

        ImageShape image = network.DefaultInput;
        start = Stopwatch.GetTimestamp();
        using PredictionEngine<Row, Scored> engine = mlContext.Model.CreatePredictionEngine<Row,
            Scored>(model, inputSchemaDefinition: Schema(image));
        var row = new Row { Features = Pixels(image, 0) };
        var scored = new Scored();
        engine.Predict(row, ref scored);
        Console.WriteLine($"first prediction after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");

        var times = new double[predictions];
        long bytesBefore = 0, memoryBefore = 0;
        for (int i = 0; i < predictions; i++)
        {
            if (i == predictions / 10)
                (bytesBefore, memoryBefore) = (GC.GetTotalAllocatedBytes(precise: true), Environment.WorkingSet);
            long begin = Stopwatch.GetTimestamp();
            engine.Predict(row, ref scored);
            times[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }
        int counted = predictions - (predictions / 10);
        Array.Sort(times);
        Console.WriteLine(
            $"{predictions} more: median {times[predictions / 2]:F3} ms, "
            + $"99th percentile {times[predictions * 99 / 100]:F3} ms; "
            + $"in the last {counted}: "
            + $"{(GC.GetTotalAllocatedBytes(precise: true) - bytesBefore) / (double)counted:F0} bytes allocated each, "
            + $"process memory {memoryBefore / 1e6:F1} → {Environment.WorkingSet / 1e6:F1} MB");
    }

    private static IDataView Rows(MLContext mlContext, ImageShape image, int count) =>
        mlContext.Data.LoadFromEnumerable(
        Enumerable.Range(0, count).Select(i => new Row { Features = Pixels(image, i), Label = (uint)(i % Classes) }),
        Schema(image));

    private static SchemaDefinition Schema(ImageShape image)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Single, image.Height, image.Width, image.Channels);
        schema[nameof(Row.Label)].ColumnType = new KeyDataViewType(typeof(uint), Classes);
        return schema;
    }

    private static float[] Pixels(ImageShape image, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, image.Height * image.Width * image.Channels).Select(_ => random.NextSingle())];
    }
}
