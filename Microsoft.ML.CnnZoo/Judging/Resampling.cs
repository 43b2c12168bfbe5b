namespace Microsoft.ML.CnnZoo.Judging;

/// <summary>Draws the rows of a report anew, with replacement, and measures each draw.</summary>
internal static class Resampling
{
    private const int Figures = 6;

    /// <summary>A row as far as the figures need it.</summary>
    public readonly record struct Row(int Label, int Predicted, int Bin, double Confidence, double LogLoss, double Brier);

    /// <summary>Percentile intervals (Efron 1979).</summary>
    public static ReportIntervals Intervals(Row[] rows, int classes, int resamples, double level, int seed)
    {
        var random = new Random(seed);
        var draw = new Draw(classes);
        double[][] found = [.. Enumerable.Range(0, Figures).Select(_ => new double[resamples])];
        for (int i = 0; i < resamples; i++)
        {
            draw.Clear();
            for (int n = 0; n < rows.Length; n++)
                draw.Add(rows[random.Next(rows.Length)]);
            double[] figures = draw.Measure(rows.Length);
            for (int f = 0; f < Figures; f++)
                found[f][i] = figures[f];
        }
        ConfidenceInterval[] ranges = [.. found.Select(values => Range(values, level))];
        return new(level, resamples, ranges[0], ranges[1], ranges[2], ranges[3], ranges[4], ranges[5]);
    }

    private static ConfidenceInterval Range(double[] values, double level)
    {
        Array.Sort(values);
        return new(At((1 - level) / 2), At((1 + level) / 2));

        double At(double share)
        {
            double place = share * (values.Length - 1);
            int below = (int)place, above = Math.Min(below + 1, values.Length - 1);
            return values[below] + ((place - below) * (values[above] - values[below]));
        }
    }

    /// <summary>One draw's sums.</summary>
    private sealed class Draw(int classes)
    {
        private readonly int[] _labels = new int[classes], _predicted = new int[classes], _correct = new int[classes];
        private readonly double[] _gaps = new double[Calibration.Bins];
        private double _logLoss, _brier;

        public void Clear()
        {
            Array.Clear(_labels);
            Array.Clear(_predicted);
            Array.Clear(_correct);
            Array.Clear(_gaps);
            _logLoss = _brier = 0;
        }

        public void Add(in Row row)
        {
            bool isCorrect = row.Label == row.Predicted;
            _labels[row.Label]++;
            _predicted[row.Predicted]++;
            _correct[row.Label] += isCorrect ? 1 : 0;
            _gaps[row.Bin] += (isCorrect ? 1 : 0) - row.Confidence;
            _logLoss += row.LogLoss;
            _brier += row.Brier;
        }

        /// <summary>In the order of <see cref="ReportIntervals"/>.</summary>
        public double[] Measure(int rows)
        {
            double recall = 0, f1 = 0;
            int present = 0;
            for (int c = 0; c < _labels.Length; c++)
            {
                present += _labels[c] > 0 ? 1 : 0;
                recall += _labels[c] > 0 ? (double)_correct[c] / _labels[c] : 0;
                f1 += _labels[c] + _predicted[c] > 0 ? 2.0 * _correct[c] / (_labels[c] + _predicted[c]) : 0;
            }
            return [(double)_correct.Sum() / rows, recall / present, f1 / _labels.Length, _logLoss / rows, _brier / rows,
                _gaps.Sum(Math.Abs) / rows];
        }
    }
}
