using System.Collections.Concurrent;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// A model file as a web service serves it: one loaded model shared by a pool of prediction engines, none of which owns
/// it. A new file takes the old one's place between two requests; the old model is disposed when its last request has
/// ended.
/// </summary>
internal sealed class ServedModel(string path) : IDisposable
{
    private readonly Lock _gate = new();
    private Loaded _current = new(path);

    /// <summary>The network of the file that is being served.</summary>
    public CnnClassificationTransformer Network => _current.Network;

    /// <summary>Loads the file anew and serves it from now on.</summary>
    public void Reload()
    {
        var fresh = new Loaded(path);
        Loaded old;
        lock (_gate)
            (old, _current) = (_current, fresh);
        Leave(old);
    }

    /// <summary>Answers a request by a prediction engine.</summary>
    public DigitPrediction Predict(byte[] image) => Use(loaded =>
    {
        if (!loaded.Engines.TryTake(out PredictionEngine<FileRow, DigitPrediction>? engine))
            engine = loaded.CreateEngine();
        DigitPrediction prediction = engine.Predict(new FileRow { Pixels = image });
        loaded.Engines.Add(engine);
        return prediction;
    });

    /// <summary>Answers a request without one.</summary>
    public IReadOnlyList<ClassProbability> Classify(byte[] image) =>
        Use(loaded => loaded.Network.Classify(image, top: 10));

    public void Dispose() => Leave(_current);

    private T Use<T>(Func<Loaded, T> answer)
    {
        Loaded loaded;
        lock (_gate)
        {
            loaded = _current;
            loaded.Users++;
        }
        try
        {
            return answer(loaded);
        }
        finally
        {
            Leave(loaded);
        }
    }

    private void Leave(Loaded loaded)
    {
        lock (_gate)
            if (--loaded.Users > 0)
                return;
        foreach (PredictionEngine<FileRow, DigitPrediction> engine in loaded.Engines)
            engine.Dispose();
        ((IDisposable)loaded.Model).Dispose();
    }

    private sealed class Loaded
    {
        private readonly MLContext _mlContext = new();

        public Loaded(string path)
        {
            Model = _mlContext.Model.Load(path, out _);
            Network = ((IEnumerable<ITransformer>)Model).OfType<CnnClassificationTransformer>().Single();
        }

        /// <summary>Requests that use it, and 1 for being served.</summary>
        public int Users { get; set; } = 1;
        public ITransformer Model { get; }
        public CnnClassificationTransformer Network { get; }
        public ConcurrentBag<PredictionEngine<FileRow, DigitPrediction>> Engines { get; } = [];

        public PredictionEngine<FileRow, DigitPrediction> CreateEngine() => _mlContext.Model
            .CreatePredictionEngine<FileRow, DigitPrediction>(Model,
                new PredictionEngineOptions { OwnsTransformer = false });
    }
}
