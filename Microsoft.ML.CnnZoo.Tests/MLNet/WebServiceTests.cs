using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>
/// An ASP.NET Core service that shares one model among concurrent requests, and gets another file while it runs.
/// </summary>
public sealed class WebServiceTests : IAsyncLifetime, IDisposable
{
    private const int Images = 12;
    private readonly ImageFiles _files = new();
    private readonly byte[][] _images;
    private readonly float[][] _first, _second;
    private readonly ServedModel _served;
    private readonly WebApplication _service;
    private HttpClient _client = null!;

    /// <summary>Scores in the order of the classes' names.</summary>
    private sealed record Answer(float[] Scores);

    public WebServiceTests()
    {
        _images = [.. Enumerable.Range(0, Images).Select(i => ImageFiles.EncodePng(DigitRows.Image(i)))];
        _second = Train("second.zip", seed: 2);
        _first = Train("model.zip", seed: 1);
        _served = new ServedModel(_files.Path("model.zip"));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        _service = builder.Build();
        _service.MapPost("/engine",
            async (HttpRequest request) => new Answer(_served.Predict(await Body(request)).Score));
        _service.MapPost("/classify", async (HttpRequest request) =>
        {
            try
            {
                IReadOnlyList<ClassProbability> classes = _served.Classify(await Body(request));
                return Results.Ok(new Answer([.. classes.OrderBy(c => ClassNumber(c.Label)).Select(c => c.Probability)]));
            }
            catch (InvalidDataException e)
            {
                return Results.BadRequest(e.Message);
            }
        });
    }

    public async Task InitializeAsync()
    {
        await _service.StartAsync();
        _client = _service.GetTestClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
    }

    public void Dispose()
    {
        _served.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task Requests_Concurrent_GetTheirImagesScores() =>
        await Task.WhenAll(Enumerable.Range(0, 6 * Images).Select(k => AssertAnswer(k, _first)));

    [Fact]
    public async Task Request_BadImage_IsRefusedWithTheReason()
    {
        using var content = new ByteArrayContent([1, 2, 3]);
        using HttpResponseMessage response = await _client.PostAsync(new Uri("/classify", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("no image", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelFile_ReplacedWhileServing_EveryAnswerIsOfOneOfTheTwo()
    {
        CnnClassificationTransformer old = _served.Network;
        Task[] requests = [.. Enumerable.Range(0, 10 * Images).Select(k => AssertAnswer(k, _first, _second))];
        File.Move(_files.Path("second.zip"), _files.Path("model.zip"), overwrite: true);
        await Task.Run(_served.Reload);
        await Task.WhenAll(requests);
        await Task.WhenAll(Enumerable.Range(0, 2 * Images).Select(k => AssertAnswer(k, _second)));
        Assert.Throws<ObjectDisposedException>(() => old.Model.Weights["fc1/kernel"].Get()); // its memory is free
        Assert.Equal(1, _served.Network.Classify(_images[0], 10).Sum(c => c.Probability), 1e-4f);
    }

    /// <summary>Request k, alternating between the two ways, is answered by one of the models.</summary>
    private async Task AssertAnswer(int k, params float[][][] models)
    {
        int image = k % Images;
        using var content = new ByteArrayContent(_images[image]);
        using HttpResponseMessage response =
            await _client.PostAsync(new Uri(k / Images % 2 == 0 ? "/engine" : "/classify", UriKind.Relative), content);
        float[] scores = (await response.Content.ReadFromJsonAsync<Answer>())!.Scores;
        Assert.Contains(models, m => m[image].Zip(scores).All(s => Math.Abs(s.First - s.Second) < 1e-5f));
    }

    private static async Task<byte[]> Body(HttpRequest request)
    {
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    private int ClassNumber(string label) => _served.Network.ClassNames.ToList().IndexOf(label);

    private float[][] Train(string name, int seed)
    {
        var mlContext = new MLContext(seed);
        IDataView rows = mlContext.Data.LoadFromEnumerable(
            _images.Select((p, i) => new FileRow { Label = DigitRows.Name(Digits.Label(i)), Pixels = p }).ToArray());
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.Seed = seed;
        ITransformer model = DigitRows.Pipeline(mlContext, options).Fit(rows);
        mlContext.Model.Save(model, rows.Schema, _files.Path(name));
        float[][] scores = DigitRows.Scores(model.Transform(rows));
        ((IDisposable)model).Dispose();
        return scores;
    }
}
