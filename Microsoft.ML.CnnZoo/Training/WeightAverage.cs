using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// The moving averages of some variables, held in the same store under names of their own, so that whatever saves the
/// store saves them.
/// </summary>
internal sealed class WeightAverage : ISharedWork
{
    /// <summary>What the name of an average ends with.</summary>
    public const string Suffix = "/ExponentialMovingAverage";
    private const int PieceLength = 1 << 14, BlockLength = 1024;

    private readonly (Variable Value, Variable Average)[] _pairs;
    private readonly (int Pair, int Start)[] _pieces;
    private readonly WeightAveraging _averaging;
    private readonly WorkerPool _workers;
    private float _rate;

    /// <summary>Adds the averages to the store.</summary>
    public WeightAverage(VariableStore variables, IEnumerable<string> names, WeightAveraging averaging,
        WorkerPool workers)
    {
        (_averaging, _workers) = (averaging, workers);
        _pairs = [.. names.Select(n => (variables[n], variables.GetOrAdd(n + Suffix, variables[n].Spec)))];
        _pieces = [.. Enumerable.Range(0, _pairs.Length).SelectMany(i => Enumerable.Range(0,
            (Length(i) + PieceLength - 1) / PieceLength).Select(p => (i, p * PieceLength)))];
    }

    /// <summary>Averages begin with the weights as they are.</summary>
    public void Start()
    {
        foreach ((Variable value, Variable average) in _pairs)
            average.CopyFrom(value);
    }

    /// <summary>Moves the averages after a step.</summary>
    /// <param name="step">Its number, from 1.</param>
    public void Update(long step)
    {
        _rate = (float)(1 - _averaging.DecayAt(step));
        _workers.Run(this, _pieces.Length);
        foreach ((_, Variable average) in _pairs)
            average.Touch();
    }

    /// <summary>average += rate · (value - average), for a piece: a value that never moves is its own average.</summary>
    void ISharedWork.RunItem(int item, int thread)
    {
        (int pair, int start) = _pieces[item];
        ReadOnlySpan<float> value = _pairs[pair].Value.Values<float>()[start..];
        Span<float> average = _pairs[pair].Average.Values<float>()[start..], move = stackalloc float[BlockLength];
        int end = Math.Min(PieceLength, value.Length);
        for (int i = 0; i < end; i += BlockLength)
        {
            int length = Math.Min(BlockLength, end - i);
            Span<float> block = average.Slice(i, length);
            TensorPrimitives.Subtract(value.Slice(i, length), block, move);
            TensorPrimitives.MultiplyAdd(move[..length], _rate, block, block);
        }
    }

    /// <summary>Exchanges weights and averages.</summary>
    public void Swap()
    {
        Span<float> kept = stackalloc float[BlockLength];
        foreach ((Variable value, Variable average) in _pairs)
        {
            Span<float> a = value.Values<float>(), b = average.Values<float>();
            for (int i = 0; i < a.Length; i += kept.Length)
            {
                int length = Math.Min(kept.Length, a.Length - i);
                a.Slice(i, length).CopyTo(kept);
                b.Slice(i, length).CopyTo(a[i..]);
                kept[..length].CopyTo(b[i..]);
            }
            value.Touch();
            average.Touch();
        }
    }

    /// <summary>Puts the averages in place of the weights.</summary>
    public void Apply()
    {
        foreach ((Variable value, Variable average) in _pairs)
            value.CopyFrom(average);
    }

    private int Length(int pair) => checked((int)_pairs[pair].Value.Spec.Shape.ElementCount);
}
