using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Benchmarks;

/// <summary>What is done with a network.</summary>
internal enum WorkKind
{
    /// <summary>Class probabilities of a batch that lies in memory.</summary>
    Inference,
    /// <summary>Forward, backward, update.</summary>
    Training,
    /// <summary>Rows in, rows of probabilities out, as a user's program has them.</summary>
    Pipeline,
}

/// <summary>Numeric precision.</summary>
internal enum WorkPrecision
{
    /// <summary>float32.</summary>
    F32,
    /// <summary>bfloat16 activations and gradients, float32 weights.</summary>
    Bf16,
}

/// <summary>What is timed of a network.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Batch">Images at a time.</param>
/// <param name="Precision">Numeric precision.</param>
internal sealed record WorkMode(WorkKind Kind, int Batch, WorkPrecision Precision)
{
    /// <summary>Name in tables and files: <c>inference-b16-f32</c>, <c>training-bf16</c>.</summary>
    public string Name => Kind switch
    {
        WorkKind.Inference => $"inference-b{Batch}-{Suffix}",
        WorkKind.Training => $"training-{Suffix}",
        _ => $"pipeline-{Suffix}",
    };

    private string Suffix => Precision == WorkPrecision.F32 ? "f32" : "bf16";
}

/// <summary>How requests, answers and rows are written: names as in peer.py.</summary>
internal static class BenchmarkJson
{
    /// <summary>One line.</summary>
    public static JsonSerializerOptions Line { get; } = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it writes files and pipes, not web pages
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>For people too.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Line) { WriteIndented = true };
}
