using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

public partial class LoggingTests
{
    [Fact]
    public void Log_ChannelWithinHost_HasStartFinishAndDisposal()
    {
        var context = new MLContext();
        var lines = new List<string>();
        context.Log += (_, e) => lines.Add($"{e.Kind}|{e.Source}|{Elapsed().Replace(e.RawMessage, "T")}|{Elapsed().Replace(e.Message, "T")}");
        IHost host = ((IHostEnvironment)context).Register("Term");
        using (IChannel channel = host.Start("Training"))
            channel.Info(MessageSensitivity.None, "{0} of {1}", 1, 2);
        Assert.Equal(
            ["Trace|Term; Training|Channel started|[Source=Term; Training, Kind=Trace] Channel started",
             "Info|Term; Training|1 of 2|[Source=Term; Training, Kind=Info] 1 of 2",
             "Trace|Term; Training|Channel finished. Elapsed T.|[Source=Term; Training, Kind=Trace] Channel finished. Elapsed T.",
             "Trace|Term; Training|Channel disposed|[Source=Term; Training, Kind=Trace] Channel disposed"],
            lines);
    }

    [Fact]
    public void Log_CursorOfEnumerable_HasItsSource()
    {
        var context = new MLContext();
        var sources = new List<string>();
        context.Log += (_, e) => sources.Add(e.Source);
        Assert.Equal(2, context.Data.LoadFromEnumerable([new CursorTests.Number(), new CursorTests.Number()]).GetColumn<float>("X").Count());
        Assert.Equal(["StreamingDataView; Cursor", "StreamingDataView; Cursor", "StreamingDataView; Cursor"], sources);
    }

    [Fact]
    public void Start_OnContext_SourceIsTheName()
    {
        var context = new MLContext();
        LoggingEventArgs? last = null;
        context.Log += (_, e) => last = e.Kind == ChannelMessageKind.Warning ? e : last;
        using (IChannel channel = ((IChannelProvider)context).Start("name"))
            channel.Warning(MessageSensitivity.None, "braces {0} stay");
        Assert.Equal("[Source=name, Kind=Warning] braces {0} stay", last!.Message);
    }

    [Fact]
    public void Register_SameSeed_GivesTheSameNumbers()
    {
        Assert.Equal(First(new MLContext(7), null), First(new MLContext(7), null));
        Assert.NotEqual(First(new MLContext(7), null), First(new MLContext(8), null));
        Assert.Equal(First(new MLContext(), 3), First(new MLContext(), 3));
    }

    [Fact]
    public void Catalogs_EnvironmentBehindThem_IsReachedByTheInternalInterface()
    {
        var context = new MLContext();
        object[] catalogs = [context.Transforms, context.Transforms.Conversion, context.Data, context.Model, context.MulticlassClassification, context.MulticlassClassification.Trainers];
        foreach (object catalog in catalogs)
        {
            Type contract = catalog.GetType().GetInterface("Microsoft.ML.Data.IInternalCatalog")!;
            PropertyInfo environment = contract.GetProperty("Environment")!;
            Assert.Same(context.ComponentCatalog, ((IHostEnvironment)environment.GetValue(catalog)!).ComponentCatalog);
        }
    }

    [Fact]
    public void Options_SetAndRemove_RoundTrip()
    {
        var context = new MLContext();
        context.SetOption("a", 3);
        Assert.False(context.TryAddOption("a", 4));
        Assert.True(context.TryGetOption("a", out int value));
        Assert.Equal((3, 0), (value, context.GetOptionOrDefault<int>("b")));
        Assert.True(context.RemoveOption("a"));
    }

    private static double First(MLContext context, int? seed) => ((IHostEnvironment)context).Register("x", seed).Rand.NextDouble();

    [GeneratedRegex(@"\d\d:\d\d:\d\d(\.\d+)?")]
    private static partial Regex Elapsed();
}
