using System.Text.Json;
using CnnZoo.Cli;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>The manifest in docs/many-machines.md, as far as it can be checked without a cluster.</summary>
public sealed class KubernetesTests
{
    private static readonly string s_manifest = DocumentExamples.Of("yaml").Single(e => e.Text.Contains("MPIJob")).Text;

    [Fact]
    public void Manifest_Fields_AreThoseOfAnMpiJob() => Assert.Empty(Problems(s_manifest));

    [Theory]
    [InlineData("mpiReplicaSpecs:", "replicaSpecs:", ".spec.replicaSpecs is not known")]
    [InlineData("mpiReplicaSpecs:", "replicaSpecs:", ".spec has no 'mpiReplicaSpecs'")]
    [InlineData("    Worker:", "    worker:", ".spec.mpiReplicaSpecs has no 'Worker'")]
    [InlineData("              volumeMounts:", "          volumeMounts:", ".Worker.template.spec.volumeMounts is not known")] // indentation
    [InlineData("cpu: \"16\"", "cpu: 16", "cpu is of type integer; expected string")]
    [InlineData("memory: 32Gi", "memory: 32GiB", "memory is '32GiB'")]
    [InlineData("\"--threads\", \"16\"", "\"--threads\", 16", "is of type integer; expected string")]
    [InlineData("volumeMounts:", "volumeMount:", ".spec.mpiReplicaSpecs.Worker.template.spec.containers[0].volumeMount is not known")]
    [InlineData("cleanPodPolicy: Running", "cleanPodPolicy: Always", "expected one of")]
    [InlineData("backoffLimit: 3", "backoffLimit: -1", "expected 0 or more")]
    [InlineData("v2beta1", "v1", ".apiVersion is kubeflow.org/v1")]
    [InlineData("              image:", "            image:", "image")] // less indentation
    public void Manifest_Spoiled_IsRefused(string right, string wrong, string problem)
    {
        string spoiled = s_manifest.Replace(right, wrong, StringComparison.Ordinal);
        Assert.NotEqual(s_manifest, spoiled);
        Assert.Contains(Problems(spoiled), p => p.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Manifest_Parts_FitTogether()
    {
        YamlNode specs = Parse(s_manifest)["spec"]["mpiReplicaSpecs"], launcher = specs["Launcher"]["template"]["spec"]["containers"][0],
            worker = specs["Worker"]["template"]["spec"];
        string[] command = Texts(launcher["command"]), arguments = Texts(launcher["args"]);
        int slots = int.Parse($"{Parse(s_manifest)["spec"]["slotsPerWorker"]}") * int.Parse($"{specs["Worker"]["replicas"]}");
        Assert.Equal($"{slots}", command[Array.IndexOf(command, "-n") + 1]);
        string[] switches = [.. new TrainSwitches().All.Select(s => s.Option.Name)];
        Assert.Equal("train", command[^1]);
        Assert.All(arguments.Where(a => a.StartsWith("--", StringComparison.Ordinal)), a => Assert.Contains(a, switches));
        Assert.Equal(Names(worker["volumes"]), Names(worker["containers"][0]["volumeMounts"]));
        Assert.Equal(launcher["image"], worker["containers"][0]["image"]);
    }

    private static IReadOnlyList<string> Problems(string manifest)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(
            Path.Combine(DocumentExamples.Root, "Microsoft.ML.CnnZoo.Tests", "Documentation", "mpijob.schema.json")));
        try
        {
            return new YamlSchema(schema.RootElement).Check(Parse(manifest));
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            return [$"{e.Start} {e.Message}: image"];
        }
    }

    private static YamlNode Parse(string manifest)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(manifest));
        return Assert.Single(stream.Documents).RootNode;
    }

    private static string[] Texts(YamlNode list) => [.. ((YamlSequenceNode)list).Select(item => ((YamlScalarNode)item).Value!)];

    private static string[] Names(YamlNode list) => [.. ((YamlSequenceNode)list).Select(item => $"{item["name"]}")];
}
