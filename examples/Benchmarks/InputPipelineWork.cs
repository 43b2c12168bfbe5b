using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>
/// The same network trained on images from several places, with the time that its steps take and wait.
/// </summary>
internal sealed class InputPipelineWork(CnnArchitecture architecture, int epochs, int batch, int threads)
{
    private readonly MLContext _mlContext = new(1);

    private sealed class PixelRow
    {
        public byte[] Image { get; set; } = [];

        public uint Label { get; set; }
    }

    /// <summary>Trains from every place and prints a row for each.</summary>
    public void Run(LabeledFile[] files)
    {
        ImageAugmentation augmentation = ImageAugmentation.Auto;
        Console.WriteLine($"{architecture.DisplayName}, {files.Length} JPEG files of 500x375, batches of {batch}; "
            + "augmented as by default unless noted");
        Console.WriteLine(
            $"{"images from",-44}{"read, s",9}{"step, ms",10}{"wait, ms",10}{"wait, %",9}{"images/s",10}{"processor, ms/image",21}");
        Print("memory, at the network's size, not augmented", InMemory(files.Length), ImageAugmentation.None, null, 0);
        Print("JPEG files, decoded once, not augmented", Encoded(files), ImageAugmentation.None, null, 0);
        Print("JPEG files, decoded once, kept in memory", Encoded(files), augmentation, null, 0);
        Print("JPEG files by LoadImages, likewise", Decoded(files), augmentation, null, 0);
        Print("JPEG files, decoded once, kept in a file", Encoded(files), augmentation, 0, long.MaxValue);
        Print("JPEG files, decoded again in every epoch", Encoded(files), augmentation, 0, 0);
    }

    private void Print(string name, IDataView rows, ImageAugmentation augmentation, long? memory, long file)
    {
        EpochProgress? last = null;
        TimeSpan? read = null;
        TimeSpan processor = Environment.CpuUsage.TotalTime, processorBefore = processor;
        var watch = Stopwatch.StartNew();
        var options = new CnnClassificationTrainer.Options
        {
            Architecture = architecture,
            NetworkInput = architecture.DefaultInput,
            FeatureColumnName = "Image",
            Epochs = epochs,
            BatchSize = batch,
            LearningRate = 1e-4f,
            Seed = 1,
            ValidationSetFraction = 0,
            Augmentation = augmentation,
            CacheBudget = memory,
            CacheFileBudget = file,
            DecodingThreads = threads,
            ProgressCallback = epoch =>
            {
                read ??= watch.Elapsed - epoch.TrainingTime;
                last = epoch;
                (processorBefore, processor) = (processor, Environment.CpuUsage.TotalTime);
            },
        };
        _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows).Dispose();
        double steps = Math.Ceiling(last!.ImagesPerSecond * last.TrainingTime.TotalSeconds / batch),
            step = last.TrainingTime.TotalMilliseconds / steps, wait = last.DataWait.TotalMilliseconds / steps;
        Console.WriteLine($"{name,-44}{read!.Value.TotalSeconds,9:F2}{step,10:F1}{wait,10:F2}"
            + $"{100 * wait / step,9:F2}{last.ImagesPerSecond,10:F1}"
            + $"{(processor - processorBefore).TotalMilliseconds / last.ImagesPerSecond / last.TrainingTime.TotalSeconds,21:F2}");
    }

    /// <summary>Pixels that need no more than being normalized.</summary>
    private IDataView InMemory(int count)
    {
        ImageShape image = architecture.DefaultInput;
        PixelRow[] rows = [.. Enumerable.Range(0, count).Select(i =>
        {
            var pixels = new byte[image.Height * image.Width * image.Channels];
            new Random(i).NextBytes(pixels);
            return new PixelRow { Image = pixels, Label = (uint)(i % 2) };
        })];
        SchemaDefinition schema = Schema(typeof(PixelRow));
        schema[nameof(PixelRow.Image)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Byte, image.Height, image.Width, image.Channels);
        return _mlContext.Data.LoadFromEnumerable(rows, schema);
    }

    private IDataView Encoded(LabeledFile[] files)
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(files, Schema(typeof(LabeledFile)));
        return _mlContext.Transforms.LoadRawImageBytes("Image", null, nameof(LabeledFile.Path)).Fit(rows)
            .Transform(rows);
    }

    private IDataView Decoded(LabeledFile[] files)
    {
        IDataView rows = _mlContext.Data.LoadFromEnumerable(files, Schema(typeof(LabeledFile)));
        return _mlContext.Transforms.LoadImages("Image", null, nameof(LabeledFile.Path)).Fit(rows).Transform(rows);
    }

    private static SchemaDefinition Schema(Type row)
    {
        var schema = SchemaDefinition.Create(row);
        schema[nameof(LabeledFile.Label)].ColumnType = new KeyDataViewType(typeof(uint), 2);
        return schema;
    }
}
