namespace Benchmarks;

/// <summary>What is to be reached beside each peer, as ratios of images per second: ours to the peer's.</summary>
internal static class Goals
{
    /// <summary>Names of the peers in tables and files; the baseline is another build of ours.</summary>
    public const string OnnxRuntime = "ONNX Runtime", PyTorch = "PyTorch", Baseline = "baseline";

    /// <summary>On every row.</summary>
    public static double EachRow(string peer) => peer switch { OnnxRuntime => 1, PyTorch => 1.5, _ => 0.95 };

    /// <summary>In the geometric mean over all networks; null where each row's goal is all.</summary>
    public static double? Mean(string peer, WorkKind kind) => (peer, kind) switch
    {
        (OnnxRuntime, WorkKind.Inference) => 1.25,
        (PyTorch, WorkKind.Training) => 1.75,
        _ => null,
    };

    /// <summary>Whether our peak of memory has to be below that peer's.</summary>
    public static bool LessMemory(string peer) => peer != Baseline;
}
