namespace Microsoft.ML.Data;

/// <summary>Counts scored rows one by one and turns the counts into the multiclass metrics.</summary>
internal sealed class MulticlassMetricsAggregator
{
    private const float SmallestProbability = 1e-15f;

    private readonly int _classes;
    private readonly long[] _rowsOfClass, _rowsOfRank;
    private readonly double[] _logLossOfClass;
    private long _rows, _correct;
    private double _logLoss;

    public MulticlassMetricsAggregator(int classes)
    {
        _classes = classes;
        _rowsOfClass = new long[classes];
        _logLossOfClass = new double[classes];
        _rowsOfRank = new long[classes + 1];
        Counts = new double[classes][];
        for (int c = 0; c < classes; c++)
            Counts[c] = new double[classes];
    }

    /// <summary>Rows by actual, then predicted class; rows with a label beyond the classes are in none.</summary>
    public double[][] Counts { get; }

    public double MicroAccuracy => _rows > 0 ? (double)_correct / _rows : 0;

    public double MacroAccuracy
    {
        get
        {
            double sum = 0;
            int present = 0;
            for (int c = 0; c < _classes; c++)
            {
                if (_rowsOfClass[c] == 0)
                    continue;
                present++;
                sum += Counts[c][c] / _rowsOfClass[c];
            }
            return present > 0 ? sum / present : 0;
        }
    }

    public double LogLoss => _rows > 0 ? _logLoss / _rows : 0;

    /// <summary>The share of the log loss of always predicting the label frequencies that the scores take away.</summary>
    public double LogLossReduction
    {
        get
        {
            double sum = 0;
            foreach (long count in _rowsOfClass)
            {
                if (count > 0)
                    sum += (double)count / _rows * Math.Log((double)count / _rows);
            }

            // One class only leaves -0, so that a positive loss divides to plus infinity, as in ML.NET.
            double entropy = -sum;
            return (entropy - LogLoss) / entropy;
        }
    }

    public double[] PerClassLogLoss
    {
        get
        {
            var losses = new double[_classes];
            for (int c = 0; c < _classes; c++)
                losses[c] = _rowsOfClass[c] > 0 ? _logLossOfClass[c] / _rowsOfClass[c] : 0;
            return losses;
        }
    }

    /// <summary>For k = 1..K the share of rows whose label has one of the k largest scores.</summary>
    public double[] TopKAccuracies(int largestK)
    {
        var shares = new double[largestK];
        long rows = 0;
        for (int k = 0; k < largestK; k++)
        {
            rows += _rowsOfRank[k];
            shares[k] = _rows > 0 ? (double)rows / _rows : 0;
        }
        return shares;
    }

    /// <summary>Counts a row unless its label is no class index or a score is not finite.</summary>
    public void Add(float label, ReadOnlySpan<float> scores)
    {
        if (!(label >= 0) || label != (int)label)
            return;
        foreach (float score in scores)
        {
            if (!float.IsFinite(score))
                return;
        }

        _rows++;
        int actual = (int)label;
        if (actual < _classes)
            AddKnown(actual, scores);
        else
            AddUnknown();
    }

    private void AddKnown(int actual, ReadOnlySpan<float> scores)
    {
        float own = scores[actual];
        int predicted = 0, rank = 0;
        for (int c = 0; c < _classes; c++)
        {
            if (scores[c] > scores[predicted])
                predicted = c;
            if (scores[c] > own || (scores[c] == own && c < actual))
                rank++;
        }

        double loss = -Math.Log(Math.Min(1, Math.Max(own, SmallestProbability)));
        _logLoss += loss;
        _logLossOfClass[actual] += loss;
        _rowsOfClass[actual]++;
        _rowsOfRank[rank]++;
        Counts[actual][predicted]++;
        if (predicted == actual)
            _correct++;
    }

    private void AddUnknown()
    {
        _logLoss += -Math.Log(SmallestProbability);
        _rowsOfRank[_classes]++;
    }
}
