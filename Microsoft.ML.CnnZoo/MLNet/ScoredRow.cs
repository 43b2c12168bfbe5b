using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// A row with what the network gives for it, computed when first asked for and kept while the row stays: PredictedLabel
/// and Score cost one run of the network. A failed computation keeps nothing: it cannot leave an earlier row's values
/// behind.
/// </summary>
internal sealed class ScoredRow : DataViewRow
{
    private const long Nowhere = long.MinValue;
    private readonly DataViewRow _input;
    private readonly NetworkMapper _mapper;
    private readonly HashSet<int> _added;
    private readonly CropReader? _reader;
    private readonly float[] _image = [], _values = [];
    private long _position = Nowhere;

    public ScoredRow(DataViewRow input, NetworkMapper mapper, IEnumerable<DataViewSchema.Column> active)
    {
        _input = input;
        _mapper = mapper;
        _added = [.. active.Select(c => c.Index).Where(i => i >= mapper.FirstAdded)];
        if (_added.Count == 0)
            return;
        _reader = new CropReader(input, mapper);
        _image = new float[_reader.ValueCount];
        _values = new float[mapper.Scorer.ValuesPerRow];
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;
    public override long Position => _input.Position;
    public override long Batch => _input.Batch;
    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => column.Index >= _mapper.FirstAdded
        ? _added.Contains(column.Index) : _input.IsColumnActive(_mapper.InputSchema[column.Index]);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        column.Index < _mapper.FirstAdded ? _input.GetGetter<TValue>(_mapper.InputSchema[column.Index])
            : NetworkMapper.Getter<TValue>(column, IsColumnActive(column), () =>
                _mapper.CreateGetter(column.Index, Values));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _input.Dispose();
        base.Dispose(disposing);
    }

    private ReadOnlySpan<float> Values()
    {
        if (_position == _input.Position && _position >= 0)
        {
            _mapper.Scorer.CheckAlive();
            return _values;
        }
        _position = Nowhere;
        if (_reader!.TryRead(_image))
        {
            _mapper.Scorer.Score(_image, 1, _values);
        }
        else
        {
            _mapper.ReportBadImage(_input.Position, _reader.Problem);
            _values.AsSpan().Fill(float.NaN);
        }
        _position = _input.Position;
        return _values;
    }
}
