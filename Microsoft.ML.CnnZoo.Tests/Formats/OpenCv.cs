using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>
/// A theory that runs where Python has OpenCV (<c>apt-get install python3-opencv</c>) and is skipped elsewhere.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenCvTheoryAttribute : TheoryAttribute
{
    public OpenCvTheoryAttribute()
    {
        if (OpenCv.Python is null)
            Skip = "No Python here can import cv2 and numpy: install python3-opencv.";
    }
}

/// <summary>OpenCV's DNN module, which reads files of other frameworks by code of its own.</summary>
internal static class OpenCv
{
    private const string Script = """
        import sys
        import cv2
        import numpy
        _, file, data, result, outputs, *shape = sys.argv
        image = numpy.fromfile(data, numpy.float32).reshape([int(d) for d in shape])
        try:
            read = cv2.dnn.readNetFromONNX if file.endswith('.onnx') else cv2.dnn.readNetFromTensorflow
            net = read(file)
            net.setInput(image.transpose(0, 3, 1, 2))
            values = net.forward(outputs.split(','))
            numpy.concatenate([v.ravel() for v in values]).astype(numpy.float32).tofile(result)
        except cv2.error as error:
            sys.exit('refused: ' + str(error))
        """;

    private static readonly Lazy<string?> s_python = new(() => new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(
        python => TryRun(python, ["-c", "import cv2, numpy"]) is { ExitCode: 0 }));

    /// <summary>A Python with OpenCV; null where there is none.</summary>
    public static string? Python => s_python.Value;

    /// <summary>Runs a network.</summary>
    /// <param name="file">A frozen GraphDef or an ONNX file with NCHW input.</param>
    /// <param name="outputs">Names of outputs.</param>
    /// <param name="images">[batch,H,W,C].</param>
    /// <param name="shape">Those dimensions.</param>
    /// <returns>The outputs, one after the other, or what OpenCV said instead.</returns>
    public static (float[] Values, string? Refusal) Run(string file, string[] outputs, float[] images, int[] shape)
    {
        string data = file + ".in", result = file + ".out";
        File.WriteAllBytes(data, MemoryMarshal.AsBytes<float>(images).ToArray());
        (int exitCode, string errors) = TryRun(Python!, ["-c", Script, file, data, result, string.Join(',', outputs),
            .. shape.Select(d => d.ToString(CultureInfo.InvariantCulture))])!.Value;
        return exitCode == 0 ? (MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(result)).ToArray(), null)
            : ([], $"exit code {exitCode} {errors}");
    }

    private static (int ExitCode, string Errors)? TryRun(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, errors);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
