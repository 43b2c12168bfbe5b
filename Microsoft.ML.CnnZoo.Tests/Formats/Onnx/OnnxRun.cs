using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>ONNX Runtime on models in memory.</summary>
internal static class OnnxRun
{
    /// <summary>The outputs for one input, by name.</summary>
    public static Dictionary<string, Array> Run(ModelProto model, float[] input, params long[] shape) =>
        Run(model.ToByteArray(), input, shape);

    /// <inheritdoc cref="Run(ModelProto, float[], long[])"/>
    public static Dictionary<string, Array> Run(byte[] model, float[] input, params long[] shape)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        options.AddSessionConfigEntry("session.strict_shape_type_inference", "1");
        using var session = new InferenceSession(model, options);
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, shape);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, session.InputMetadata.Keys.ToArray(),
            [value], session.OutputMetadata.Keys.ToArray());
        return session.OutputMetadata.Keys.Zip(results).ToDictionary(p => p.First, p => Values(p.Second));
    }

    /// <summary>The largest difference of two tensors, in parts of the largest expected value.</summary>
    public static double Difference(float[] expected, float[] actual)
    {
        if (expected.Length != actual.Length)
            return double.PositiveInfinity;
        double most = 0, largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            most = double.MaxNumber(most, float.IsFinite(actual[i]) ? Math.Abs((double)expected[i] - actual[i])
                : double.PositiveInfinity);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return most / largest;
    }

    /// <summary>Images [n,H,W,C] as [n,C,H,W].</summary>
    public static float[] ToChannelsFirst(float[] images, ImageShape size)
    {
        var planes = new float[images.Length];
        int pixels = size.Height * size.Width;
        for (int i = 0; i < images.Length; i++)
        {
            int c = i % size.Channels, p = i / size.Channels % pixels, n = i / size.ValueCount;
            planes[(((n * size.Channels) + c) * pixels) + p] = images[i];
        }
        return planes;
    }

    private static Array Values(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        OnnxRuntime.Tensors.TensorElementType.Int64 => value.GetTensorDataAsSpan<long>().ToArray(),
        OnnxRuntime.Tensors.TensorElementType.UInt32 => value.GetTensorDataAsSpan<uint>().ToArray(),
        OnnxRuntime.Tensors.TensorElementType.Float => value.GetTensorDataAsSpan<float>().ToArray(),
        _ => value.GetStringTensorAsArray(),
    };
}
