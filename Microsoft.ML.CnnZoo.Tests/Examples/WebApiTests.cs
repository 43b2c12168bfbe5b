using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.Data;
using WebApi;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The web service of examples/WebApi, in memory.</summary>
public sealed class WebApiTests : IAsyncLifetime
{
    private readonly CnnClassificationTransformer _network = ServedDigits.Train();
    private readonly byte[] _image = ImageFiles.EncodePng(DigitRows.Image(3));
    private WebApplication _service = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync() => (_service, _client) = await Start();

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
        _network.Dispose();
    }

    [Fact]
    public async Task Classify_AnImage_GivesTheNetworksAnswer()
    {
        using HttpResponseMessage response = await Post("/classify?top=3", _image);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        ClassProbability[] classes = (await response.Content.ReadFromJsonAsync<ClassProbability[]>())!;
        Assert.Equal(_network.Classify(_image, 3), classes);
        using HttpResponseMessage unnamed = await Post("/classify", ImageFiles.EncodeJpeg(DigitRows.Image(3)), "application/octet-stream");
        Assert.Equal(5, (await unnamed.Content.ReadFromJsonAsync<ClassProbability[]>())!.Length);
    }

    [Fact]
    public async Task Explain_AClass_GivesItsPicture()
    {
        string path = "/explain?className=digit%201&method=saliency&side=112";
        using HttpResponseMessage response = await Post(path, _image);
        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(_network.Explain(_image, new() { ClassName = "digit 1", Method = ExplanationMethod.Saliency }).ToPng(112),
            await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Requests_ThatAreWrong_GetAProblemDocument()
    {
        byte[] huge = ImageFiles.HugePng(60_000, 60_000), large = new byte[(10 << 20) + 1];
        await AssertProblem(400, "Bad request", "8 bytes are no image", Post("/classify", "no image"u8.ToArray()));
        await AssertProblem(400, "Bad request", "The body is empty", Post("/classify", []));
        await AssertProblem(400, "Bad image", "cannot be classified", Post("/classify", _image[..^40]));
        await AssertProblem(400, "Bad image", "cannot be explained", Post("/explain", _image[..^40]));
        await AssertProblem(413, "Too large", "60000x60000 pixels; at most 40,000,000", Post("/explain", huge));
        await AssertProblem(413, "Too large", "larger than 10,485,760 bytes", Post("/classify", large));
        await AssertProblem(413, "Too large", "larger than 10,485,760 bytes", Send(new UnknownLength(large), "image/png"));
        await AssertProblem(415, "Unsupported Media Type", "expected an image file as it is", Post("/classify", _image, "text/plain"));
        await AssertProblem(400, "Bad request", "expected one of the 10 classes", Post("/explain?className=cat", _image));
        await AssertProblem(400, "Bad request", "method is 'occlusion'; expected gradcam or saliency or smoothgrad",
            Post("/explain?method=occlusion", _image));
        await AssertProblem(400, "Bad request", "side is 5", Post("/explain?side=5", _image));
        await AssertProblem(400, "Bad request", "top is 0", Post("/classify?top=0", _image));
        await AssertProblem(400, "Bad Request", "", Post("/classify?top=many", _image));
        await AssertProblem(405, "Method Not Allowed", "", _client.GetAsync(new Uri("/classify", UriKind.Relative)));
        await AssertProblem(404, "Not Found", "", Post("/nothing", _image));
        using HttpResponseMessage after = await Post("/classify", _image);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task Requests_MoreThanMayWait_AreToldToTryAgain()
    {
        (WebApplication service, HttpClient client) = await Start("--Service:MaxConcurrent=1", "--Service:MaxWaiting=1");
        await using (service)
        using (client)
        {
            var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // More than fits into the pipe: the service has begun to read it, and so works on it, when most is sent.
            var slow = new UnknownLength([.. _image, .. new byte[1 << 20]]) { LastByte = end.Task };
            Task<HttpResponseMessage> Ask() => Post("/classify", _image, client: client);
            Task<HttpResponseMessage> working = Send(slow, "image/png", client);
            await slow.Begun;
            Task<HttpResponseMessage>[] others = [Ask(), Ask(), Ask()];
            using HttpResponseMessage refused = await await Task.WhenAny(others);
            Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
            await AssertProblem(503, "Busy", "try again", Task.FromResult(refused));
            end.SetResult();
            Assert.Equal(HttpStatusCode.OK, (await working).StatusCode);
            Assert.InRange((await Task.WhenAll(others)).Count(r => r.StatusCode == HttpStatusCode.OK), 1, 2);
        }
    }

    [Fact]
    public async Task HealthModelPageAndDescription_AreThere()
    {
        Assert.Equal("Healthy", await _client.GetStringAsync(new Uri("/health", UriKind.Relative)));
        JsonElement model = await _client.GetFromJsonAsync<JsonElement>(new Uri("/model", UriKind.Relative));
        Assert.Equal((28, 10), (model.GetProperty("width").GetInt32(), model.GetProperty("classes").GetArrayLength()));
        using HttpResponseMessage page = await _client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("<script src=\"page.js\"", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        JsonElement api = await _client.GetFromJsonAsync<JsonElement>(new Uri("/openapi/v1.json", UriKind.Relative));
        Assert.Equal(["/classify", "/explain", "/model"], api.GetProperty("paths").EnumerateObject().Select(p => p.Name).Order());
        JsonElement explain = api.GetProperty("paths").GetProperty("/explain").GetProperty("post");
        Assert.Equal(["200", "400", "413", "415", "503"], explain.GetProperty("responses").EnumerateObject().Select(p => p.Name).Order());
    }

    [Fact]
    public void Load_TwoThousandRequestsOfSixteenClients_AreAnsweredRightInFlatMemory()
    {
        (int exitCode, string output) = ChildProcess.Run("webload");
        Assert.True(exitCode == 0, output);
    }

    private async Task<(WebApplication Service, HttpClient Client)> Start(params string[] arguments)
    {
        WebApplication service = ClassifierService.Build(arguments, _network, ServedDigits.InMemory);
        await service.StartAsync();
        return (service, service.GetTestClient());
    }

    private Task<HttpResponseMessage> Post(string path, byte[] body, string type = "image/png", HttpClient? client = null) =>
        Send(new ByteArrayContent(body), type, client, path);

    private async Task<HttpResponseMessage> Send(HttpContent content, string type, HttpClient? client = null, string path = "/classify")
    {
        using (content)
        {
            content.Headers.ContentType = new MediaTypeHeaderValue(type);
            return await (client ?? _client).PostAsync(new Uri(path, UriKind.Relative), content);
        }
    }

    private static async Task AssertProblem(int status, string title, string detail, Task<HttpResponseMessage> answer)
    {
        using HttpResponseMessage response = await answer;
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        JsonElement problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal((status, title), (problem.GetProperty("status").GetInt32(), problem.GetProperty("title").GetString()));
        if (detail.Length > 0)
            Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    /// <summary>A body that does not say how long it is, and whose last byte comes late.</summary>
    private sealed class UnknownLength(byte[] content) : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;
        public Task LastByte { get; init; } = Task.CompletedTask;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(content.AsMemory(..^1));
            await stream.FlushAsync();
            _begun.SetResult();
            await LastByte;
            await stream.WriteAsync(content.AsMemory(^1..));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
