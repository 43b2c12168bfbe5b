using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>What a network says of labeled rows, beside what they are.</summary>
internal static class ScoredLabels
{
    /// <summary>Scores the rows of a view; those without a label or a readable image are left out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The label's keys stand for other classes than the
    /// network's.</exception>
    /// <exception cref="InvalidOperationException">No row is left.</exception>
    public static (List<float[]> Scores, List<int> Labels) Read(CnnClassificationTransformer network, IDataView view,
        string labelName)
    {
        LabelColumn label = LabelColumn.Bind(view.Schema, labelName);
        var values = LabelValues.Of(label.Column, label.Classes);
        if (label.Classes != network.Labels.Count || network.Labels.FirstDifference(values) is not null)
            throw Contracts.ExceptParam(nameof(view), $"The keys of the label column '{labelName}' stand for "
                + $"{string.Join(", ", values.Texts())}; expected the network's classes, in their order: "
                + $"{string.Join(", ", network.ClassNames)}. Map both by one MapValueToKey, fitted on the training data");
        IDataView scored = network.Transform(view);
        DataViewSchema.Column score = scored.Schema[network.ScoreColumnName], key = scored.Schema[labelName];
        using DataViewRowCursor cursor = scored.GetRowCursor([score, key]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(score);
        Func<int> readLabel = (label with { Column = key }).CreateReader(cursor);
        (List<float[]> scores, List<int> labels) = ([], []);
        VBuffer<float> row = default;
        while (cursor.MoveNext())
        {
            read(ref row);
            if (readLabel() is var number && (number < 0 || float.IsNaN(row.GetItemOrDefault(0))))
                continue;
            scores.Add([.. row.DenseValues()]);
            labels.Add(number);
        }
        return labels.Count > 0 ? (scores, labels) : throw new InvalidOperationException(
            "The network cannot be calibrated: there are no rows with a label and an image that can be read.");
    }
}
