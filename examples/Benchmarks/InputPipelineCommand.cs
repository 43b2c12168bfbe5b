using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace Benchmarks;

/// <summary>
/// <c>input-pipeline</c>: how long training waits for images that come from JPEG files, beside images that lie in
/// memory.
/// </summary>
internal static class InputPipelineCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var architecture = new Option<string>("--arch")
        {
            Description = "Architecture", DefaultValueFactory = _ => "resnet18",
        };
        var images = new Option<int>("--images") { Description = "JPEG files to make", DefaultValueFactory = _ => 128 };
        var epochs = new Option<int>("--epochs")
        {
            Description = "Passes over the images; the last one counts", DefaultValueFactory = _ => 2,
        };
        var batch = new Option<int>("--batch") { Description = "Images per step", DefaultValueFactory = _ => 16 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that decode and augment; 0 for one per processor", DefaultValueFactory = _ => 0,
        };
        var command = new Command(
            "input-pipeline", "Trains on a folder of JPEG files and tells how long steps wait for their images.")
        {
            architecture, images, epochs, batch, threads,
        };
        command.SetAction(parsed =>
        {
            string folder = Directory.CreateTempSubdirectory("input-pipeline-").FullName;
            try
            {
                var work = new InputPipelineWork(
                    CnnArchitectures.Find(parsed.GetRequiredValue(architecture)), parsed.GetValue(epochs),
                    parsed.GetValue(batch), parsed.GetValue(threads));
                work.Run(JpegFolder.Create(folder, parsed.GetValue(images)));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }
}
