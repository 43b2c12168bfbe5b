using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using WebApi;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>A small network for the web service, and the load that is put on it in a process of its own.</summary>
internal static class ServedDigits
{
    private const int Requests = 2000, Clients = 16, Images = 20;
    private const long ManagedBound = 4 << 20, WorkingSetBound = 48 << 20;

    /// <summary>Trains a network on some digits.</summary>
    public static CnnClassificationTransformer Train()
    {
        var mlContext = new MLContext(1);
        IDataView rows = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 100));
        IDataView keyed = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        return mlContext.MulticlassClassification.Trainers.CnnClassification(DigitRows.Options(1)).Fit(keyed);
    }

    /// <summary>A host without a network and without a log.</summary>
    public static void InMemory(WebApplicationBuilder builder)
    {
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
    }

    /// <summary>Runs in the child: 2,000 requests of 16 clients; 0 if all answers are right and memory stays flat.</summary>
    public static async Task<int> Load()
    {
        using CnnClassificationTransformer network = Train();
        byte[][] images = [.. Enumerable.Range(0, Images).Select(i => ImageFiles.EncodePng(DigitRows.Image(i)))];
        await using WebApplication service = ClassifierService.Build([], network, InMemory);
        await service.StartAsync();
        using HttpClient client = service.GetTestClient();
        byte[][] expected = [.. Enumerable.Range(0, 2 * Images).Select(k => Ask(client, images, k).GetAwaiter().GetResult())];
        int wrong = 0;
        async Task Run(int first, int count) => await Task.WhenAll(Enumerable.Range(0, Clients).Select(async c =>
        {
            for (int k = first + c; k < first + count; k += Clients)
            {
                byte[] answer = await Ask(client, images, k);
                if (!answer.AsSpan().SequenceEqual(expected[k % expected.Length]))
                    Interlocked.Increment(ref wrong);
            }
        }));
        long start = Stopwatch.GetTimestamp();
        await Run(0, Requests / 2);
        (long managed, long workingSet) = Memory();
        await Run(Requests / 2, Requests / 2);
        (long managedLater, long workingSetLater) = Memory();
        (long moreManaged, long moreWorkingSet) = (managedLater - managed, workingSetLater - workingSet);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Requests} requests of {Clients} clients in "
            + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s, {wrong} wrong; second half: managed {moreManaged / 1024:n0} KiB more, "
            + $"working set {workingSet >> 20} MiB and {moreWorkingSet / 1024:n0} KiB more"));
        return wrong == 0 && moreManaged < ManagedBound && moreWorkingSet < WorkingSetBound ? 0 : 1;
    }

    /// <summary>Every other request asks for the heat map.</summary>
    private static async Task<byte[]> Ask(HttpClient client, byte[][] images, int k)
    {
        using var content = new ByteArrayContent(images[k / 2 % Images]);
        content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        using HttpResponseMessage answer =
            await client.PostAsync(new Uri(k % 2 == 0 ? "/classify" : "/explain?side=64", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync();
    }

    private static (long Managed, long WorkingSet) Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }
}
