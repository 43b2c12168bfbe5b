using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Reads rows ahead, scores them together, and hands them out one by one with the columns that pass through. What goes
/// wrong with a row (an unreadable file) is thrown at that row, when its value is asked for, as it would be without
/// reading ahead.
/// </summary>
internal sealed class BatchedCursor : DataViewRowCursor
{
    private readonly DataViewRowCursor _input;
    private readonly NetworkMapper _mapper;
    private readonly int _capacity, _valueCount, _imageSize;
    private readonly Dictionary<int, ColumnBuffer> _buffers = [];
    private readonly bool[] _active;
    private readonly CropReader _reader;
    private readonly float[] _images, _values, _missing;
    private readonly int[] _imageOf;
    private readonly ExceptionDispatchInfo?[] _failures;
    private readonly DataViewRowId[] _ids;
    private readonly long[] _batches;
    private readonly ValueGetter<DataViewRowId> _idGetter;
    private long _position = -1;
    private int _count, _slot;
    private bool _ended;

    public BatchedCursor(DataViewRowCursor input, NetworkMapper mapper, DataViewSchema.Column[] needed)
    {
        _input = input;
        _mapper = mapper;
        _capacity = mapper.Scorer.RowsPerBatch;
        _valueCount = mapper.Scorer.ValuesPerRow;
        _active = new bool[mapper.OutputSchema.Count];
        foreach (DataViewSchema.Column column in needed)
        {
            _active[column.Index] = true;
            if (column.Index < mapper.FirstAdded)
                _buffers[column.Index] = ColumnBuffer.Create(input, mapper.InputSchema[column.Index], _capacity);
        }
        _reader = new CropReader(input, mapper);
        _imageSize = _reader.ValueCount;
        _images = new float[_capacity * _imageSize];
        _values = new float[_capacity * _valueCount];
        _missing = new float[_valueCount];
        _missing.AsSpan().Fill(float.NaN);
        _imageOf = new int[_capacity];
        _failures = new ExceptionDispatchInfo?[_capacity];
        _ids = new DataViewRowId[_capacity];
        _batches = new long[_capacity];
        _idGetter = input.GetIdGetter();
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;
    public override long Position => _position;
    public override long Batch => _position < 0 ? 0 : _batches[_slot];
    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId target) => target = _ids[Slot()];

    public override bool MoveNext()
    {
        if (_slot + 1 < _count)
        {
            _slot++;
            _position++;
            return true;
        }
        if (_ended || !Fill())
        {
            _ended = true;
            _count = 0;
            _position = -1;
            return false;
        }
        _slot = 0;
        _position++;
        return true;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        NetworkMapper.Getter<TValue>(column, IsColumnActive(column), () => column.Index >= _mapper.FirstAdded
            ? _mapper.CreateGetter(column.Index, Values) : _buffers[column.Index].CreateGetter(Slot));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _input.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Reads and scores the next rows.</summary>
    private bool Fill()
    {
        int images = 0;
        for (_count = 0; _count < _capacity && _input.MoveNext(); _count++)
        {
            _idGetter(ref _ids[_count]);
            _batches[_count] = _input.Batch;
            foreach (ColumnBuffer buffer in _buffers.Values)
                buffer.Capture(_count);
            ReadImage(_count, ref images);
        }
        _ended = _count < _capacity;
        if (images > 0)
            _mapper.Scorer.Score(_images.AsSpan(0, images * _imageSize), images, _values);
        return _count > 0;
    }

    /// <summary>
    /// Reads a row's image behind those before it. A row without one scores NaN; one that throws, throws later.
    /// </summary>
    private void ReadImage(int slot, ref int images)
    {
        _failures[slot] = null;
        _imageOf[slot] = -1;
        Span<float> target = _images.AsSpan(images * _imageSize, _imageSize);
        try
        {
            if (!_reader.TryRead(target))
            {
                _mapper.ReportBadImage(_input.Position, _reader.Problem);
                return;
            }
        }
#pragma warning disable CA1031 // thrown when the row's scores are asked for
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failures[slot] = ExceptionDispatchInfo.Capture(e);
            return;
        }
        _imageOf[slot] = images++;
    }

    private int Slot() =>
        _position >= 0 ? _slot : throw new InvalidOperationException("The cursor is at no row: call MoveNext first.");

    private ReadOnlySpan<float> Values()
    {
        int slot = Slot();
        _mapper.Scorer.CheckAlive();
        _failures[slot]?.Throw();
        return _imageOf[slot] < 0 ? _missing : _values.AsSpan(_imageOf[slot] * _valueCount, _valueCount);
    }
}
