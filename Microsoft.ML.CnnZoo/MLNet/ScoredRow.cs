using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// A row with its scores, computed when first asked for and kept while the row stays: PredictedLabel and Score cost one
/// run of the network. A failed computation keeps nothing: it cannot leave an earlier row's scores behind.
/// </summary>
internal sealed class ScoredRow : DataViewRow
{
    private const long Nowhere = long.MinValue;
    private readonly DataViewRow _input;
    private readonly ScoreMapper _mapper;
    private readonly bool _labelActive, _scoreActive;
    private readonly CropReader? _reader;
    private readonly float[] _image = [], _scores = [];
    private long _position = Nowhere;

    public ScoredRow(DataViewRow input, ScoreMapper mapper, IEnumerable<DataViewSchema.Column> active)
    {
        _input = input;
        _mapper = mapper;
        foreach (DataViewSchema.Column column in active)
        {
            _labelActive |= column.Index == mapper.PredictedLabelIndex;
            _scoreActive |= column.Index == mapper.ScoreIndex;
        }
        if (!_labelActive && !_scoreActive)
            return;
        _reader = new CropReader(input, mapper);
        _image = new float[_reader.ValueCount];
        _scores = new float[mapper.Model.Classes];
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;
    public override long Position => _input.Position;
    public override long Batch => _input.Batch;
    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) =>
        column.Index == _mapper.PredictedLabelIndex ? _labelActive
        : column.Index == _mapper.ScoreIndex ? _scoreActive
        : _input.IsColumnActive(_mapper.InputSchema[column.Index]);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (column.Index < _mapper.PredictedLabelIndex)
            return _input.GetGetter<TValue>(_mapper.InputSchema[column.Index]);
        return ScoreMapper.Getter<TValue>(column, IsColumnActive(column), () => column.Index == _mapper.ScoreIndex
            ? (ValueGetter<VBuffer<float>>)GetScore : (ValueGetter<uint>)GetLabel);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _input.Dispose();
        base.Dispose(disposing);
    }

    private void GetLabel(ref uint target)
    {
        Refresh();
        target = ScoreMapper.PredictedKey(_scores);
    }

    private void GetScore(ref VBuffer<float> target)
    {
        Refresh();
        new VBuffer<float>(_scores.Length, _scores).CopyTo(ref target);
    }

    private void Refresh()
    {
        if (_position == _input.Position && _position >= 0)
        {
            _mapper.Scorer.CheckAlive();
            return;
        }
        _position = Nowhere;
        if (_reader!.TryRead(_image))
        {
            _mapper.Scorer.Score(_image, 1, _scores);
        }
        else
        {
            _mapper.Transformer.ReportBadImage(_input.Position, _reader.Problem);
            _scores.AsSpan().Fill(float.NaN);
        }
        _position = _input.Position;
    }
}
