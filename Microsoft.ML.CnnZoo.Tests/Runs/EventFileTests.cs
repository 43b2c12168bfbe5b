using System.Text.Json;
using Microsoft.ML.CnnZoo.Runs;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Runs;

/// <summary>Event files: theirs are read, so the reader is right; ours are read by it.</summary>
public sealed class EventFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("events").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_FileOfPyTorch_HasItsScalars()
    {
        EventReader events = EventReader.Read(GoldenPath("torch.tfevents"));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(GoldenPath("all.json")));
        foreach (JsonProperty tag in expected.RootElement.GetProperty("scalars").EnumerateObject())
            Assert.Equal(tag.Value.EnumerateArray().Select(p => (p[0].GetInt64(), (double)(float)p[1].GetDouble())), events.Of(tag.Name));
        Assert.Equal("brain.Event:2", events.FileVersion);
        JsonElement image = expected.RootElement.GetProperty("image");
        EventImage picture = Assert.Single(events.Images);
        Assert.Equal((image.GetProperty("tag").GetString(), image.GetProperty("step").GetInt64()), (picture.Tag, picture.Step));
        Assert.Equal((image.GetProperty("height").GetInt32(), image.GetProperty("width").GetInt32()), (picture.Height, picture.Width));
    }

    [Fact]
    public void Read_FileOfTensorFlow_HasItsScalars() =>
        Assert.Equal(Enumerable.Range(0, 5).Select(step => ((long)step, (double)(float)(2.5 / (step + 1)))),
            EventReader.Read(GoldenPath("tensorflow.tfevents")).Of("epoch_loss"));

    [Fact]
    public void Write_Scalars_AreReadAsTheyWere()
    {
        using (var file = new EventFile(_folder))
        {
            file.Write(1, ("loss/training", 0.5), ("loss/validation", null));
            file.Write(2, ("loss/training", double.NaN), ("größe", 1e30));
            file.Write(3, ("loss/training", 0.125));
            file.Restart(3);
            file.Write(3, ("loss/training", 0.25));
        }
        string path = Assert.Single(Directory.GetFiles(_folder, "events.out.tfevents.*"));
        EventReader events = EventReader.Read(path);
        Assert.Equal("brain.Event:2", events.FileVersion);
        Assert.Equal([(1, 0.5), (2, double.NaN), (3, 0.25)], events.Of("loss/training"));
        Assert.Equal([(2, (double)1e30f)], events.Of("größe"));
        Assert.Empty(events.Of("loss/validation"));
        Assert.Equal([3L], events.Restarts);
        Assert.All(events.Scalars, s => Assert.InRange(s.WallTime, 1.7e9, 1e10));
    }

    [Fact]
    public void Read_AnyByteChanged_IsNotAccepted()
    {
        using (var file = new EventFile(_folder))
            file.Write(1, ("loss", 0.5));
        string path = Directory.GetFiles(_folder)[0];
        byte[] content = File.ReadAllBytes(path);
        for (int i = 0; i < content.Length; i++)
        {
            byte[] damaged = [.. content];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.ThrowsAny<Exception>(() => EventReader.Read(path));
        }
    }

    [Fact]
    public void Create_TwoAtTheSameTime_AreTwoFiles()
    {
        using EventFile first = new(_folder), second = new(_folder);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    private static string GoldenPath(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "events", name);
}
