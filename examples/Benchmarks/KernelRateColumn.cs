using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Benchmarks;

/// <summary>
/// A column of BenchmarkDotNet's table: something that a kernel does in a run, per nanosecond of its mean time.
/// </summary>
/// <param name="name">The column's name, which is its unit too.</param>
/// <param name="legend">What it means.</param>
/// <param name="amount">How much of it a case does; 0 for none.</param>
internal sealed class KernelRateColumn(string name, string legend, Func<KernelCase, long> amount) : IColumn
{
    /// <summary>Operations of convolutions and dense layers.</summary>
    public static KernelRateColumn Gigaflops { get; } = new(
        "GFLOP/s", "Operations of convolutions and dense layers, 10⁹ a second", c =>
            2 * GraphCost.MultiplyAdds(c.ToGraph().Graph));

    /// <summary>Bytes read and written at least.</summary>
    public static KernelRateColumn Gigabytes { get; } =
        new("GB/s", "Inputs, weights and result, 10⁹ bytes a second", Bytes);

    /// <inheritdoc/>
    public string Id => name;

    /// <inheritdoc/>
    public string ColumnName => name;

    /// <inheritdoc/>
    public bool AlwaysShow => true;

    /// <inheritdoc/>
    public ColumnCategory Category => ColumnCategory.Custom;

    /// <inheritdoc/>
    public int PriorityInCategory => 0;

    /// <inheritdoc/>
    public bool IsNumeric => true;

    /// <inheritdoc/>
    public UnitType UnitType => UnitType.Dimensionless;

    /// <inheritdoc/>
    public string Legend => legend;

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => true;

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        GetValue(summary, benchmarkCase, SummaryStyle.Default);

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
        long done = amount((KernelCase)benchmarkCase.Parameters[nameof(KernelBenchmarks.Case)]);
        return nanoseconds is null || done == 0 ? "-" : (done / nanoseconds.Value)
            .ToString("0.0", CultureInfo.InvariantCulture);
    }

    private static long Bytes(KernelCase c)
    {
        (NetworkGraph graph, NodeOutput result) = c.ToGraph();
        return sizeof(float) * (
            result.Shape.ElementCount + graph.Variables.Sum(v => v.ParameterCount)
            + graph.Nodes.Where(n => n.Op == "Placeholder").Sum(n => n.Outputs[0].Shape.ElementCount));
    }
}
