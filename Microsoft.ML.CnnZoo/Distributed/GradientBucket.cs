using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>A part of a tensor in a bucket.</summary>
/// <param name="Tensor">Number of the tensor.</param>
/// <param name="Offset">Its first element here.</param>
/// <param name="Length">Elements.</param>
/// <param name="At">Where they begin in the bucket.</param>
internal readonly record struct BucketPiece(int Tensor, int Offset, int Length, int At);

/// <summary>
/// Some megabytes of tensors that become their weighted mean over all ranks: each rank is sent its share of everyone's
/// bucket, adds them in the order of the ranks, and sends the mean to all. The result is the same to the last bit on
/// every rank and in every run, whatever order messages come in.
/// </summary>
internal sealed unsafe class GradientBucket : IDisposable
{
    /// <summary>Shares begin at multiples of a cache line.</summary>
    private const int ShareUnit = 16;
    private const int Idle = 0, Sharing = 1, Spreading = 2;

    private readonly RankGroup _ranks;
    private readonly BucketPiece[] _pieces;
    private readonly int _tag, _length;
    private readonly NativeBuffer _bucket, _received;
    private readonly BFloat16Wire? _bfloat16;
    private readonly nint[] _requests;
    private double[] _weights = [];
    private nint[] _targets = [];
    private int _phase = Idle;

    /// <summary>Makes a bucket.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="pieces">What is in it.</param>
    /// <param name="tag">Tag of its messages; the next one is its own, too.</param>
    /// <param name="isBFloat16">Whether bfloat16 is sent; else float32.</param>
    public GradientBucket(RankGroup ranks, BucketPiece[] pieces, int tag, bool isBFloat16)
    {
        (_ranks, _pieces, _tag) = (ranks, pieces, tag);
        _length = pieces.Sum(p => p.Length);
        _bfloat16 = isBFloat16 ? new BFloat16Wire(_length, ShareLength(ranks.Rank)) : null;
        _bucket = new NativeBuffer((long)_length * ElementBytes);
        _received = new NativeBuffer((long)ranks.Size * ShareLength(ranks.Rank) * ElementBytes);
        _requests = new nint[2 * ranks.Size];
    }

    /// <summary>The pieces.</summary>
    public ReadOnlySpan<BucketPiece> Pieces => _pieces;

    /// <summary>Bytes that this rank sends in a step.</summary>
    public long BytesSent => ElementBytes * (_length - ShareLength(_ranks.Rank)
        + ((_ranks.Size - 1L) * ShareLength(_ranks.Rank)));

    private int ElementBytes => _bfloat16 is null ? sizeof(float) : sizeof(ushort);

    /// <summary>Sends the others their shares.</summary>
    /// <param name="sources">Addresses of this rank's tensors, ready; not read where its weight is 0.</param>
    /// <param name="targets">Addresses of the means.</param>
    /// <param name="weights">What each rank's tensors weigh; they sum to 1.</param>
    public void Start(nint[] sources, nint[] targets, double[] weights)
    {
        (_weights, _targets, _phase) = (weights, targets, Sharing);
        if (weights[_ranks.Rank] > 0)
            Pack(sources);
        int own = ShareLength(_ranks.Rank) * ElementBytes;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            if (rank == _ranks.Rank)
                continue;
            if (weights[_ranks.Rank] > 0 && ShareLength(rank) > 0)
                _requests[rank] = _ranks.Link.Send(ShareAddress(rank), ShareLength(rank) * ElementBytes, rank, _tag);
            if (weights[rank] > 0 && own > 0)
                _requests[_ranks.Size + rank] = _ranks.Link.Receive(_received.Pointer + (rank * own), own, rank, _tag);
        }
    }

    /// <summary>Goes on as far as messages have arrived.</summary>
    /// <param name="moved">Whether there was something to do.</param>
    /// <returns>Whether the means are in their place.</returns>
    public bool TryFinish(out bool moved)
    {
        moved = false;
        if (_phase == Idle || !_ranks.AreDone(_requests))
            return _phase == Idle;
        moved = true;
        if (_phase == Sharing)
        {
            Add();
            Spread();
            _phase = Spreading;
            return false;
        }
        Unpack();
        _phase = Idle;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _bucket.Dispose();
        _received.Dispose();
        _bfloat16?.Dispose();
    }

    private int ShareStart(int rank) =>
        (int)Math.Min(_length, (long)((_length + ShareUnit - 1) / ShareUnit) * rank / _ranks.Size * ShareUnit);

    private int ShareLength(int rank) => ShareStart(rank + 1) - ShareStart(rank);

    private nint ShareAddress(int rank) => _bucket.Pointer + ((nint)ShareStart(rank) * ElementBytes);

    private nint ShareOf(int rank) => rank == _ranks.Rank ? ShareAddress(rank)
        : _received.Pointer + ((nint)rank * ShareLength(_ranks.Rank) * ElementBytes);

    private void Pack(nint[] sources)
    {
        foreach (BucketPiece piece in _pieces)
        {
            var source = new ReadOnlySpan<float>((float*)sources[piece.Tensor] + piece.Offset, piece.Length);
            if (_bfloat16 is null)
                source.CopyTo(new Span<float>((float*)_bucket.Pointer + piece.At, piece.Length));
            else
                _bfloat16.Pack(source, (ushort*)_bucket.Pointer + piece.At, piece.At);
        }
    }

    private void Unpack()
    {
        foreach (BucketPiece piece in _pieces)
        {
            var target = new Span<float>((float*)_targets[piece.Tensor] + piece.Offset, piece.Length);
            if (_bfloat16 is null)
                new ReadOnlySpan<float>((float*)_bucket.Pointer + piece.At, piece.Length).CopyTo(target);
            else
                BFloat16Wire.Widen((ushort*)_bucket.Pointer + piece.At, target);
        }
    }

    /// <summary>This rank's share of the mean, in the order of the ranks.</summary>
    private void Add()
    {
        int length = ShareLength(_ranks.Rank);
        if (length == 0)
            return;
        if (_bfloat16 is not null)
        {
            for (int rank = 0; rank < _ranks.Size; rank++)
                if (_weights[rank] > 0)
                    _bfloat16.Add((ushort*)ShareOf(rank), length, (float)_weights[rank]);
            _bfloat16.TakeSum((ushort*)ShareAddress(_ranks.Rank), length);
            return;
        }
        Span<float> sum = default;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            var share = new Span<float>((float*)ShareOf(rank), length);
            if (_weights[rank] == 0)
                continue;
            if (sum.IsEmpty)
                TensorPrimitives.Multiply(sum = share, (float)_weights[rank], share);
            else
                TensorPrimitives.MultiplyAdd(share, (float)_weights[rank], sum, sum);
        }
        sum.CopyTo(new Span<float>((float*)ShareAddress(_ranks.Rank), length));
    }

    private void Spread()
    {
        int own = ShareLength(_ranks.Rank) * ElementBytes;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            if (rank == _ranks.Rank)
                continue;
            if (own > 0)
                _requests[rank] = _ranks.Link.Send(ShareAddress(_ranks.Rank), own, rank, _tag + 1);
            if (ShareLength(rank) > 0)
                _requests[_ranks.Size + rank] =
                    _ranks.Link.Receive(ShareAddress(rank), ShareLength(rank) * ElementBytes, rank, _tag + 1);
        }
    }
}
